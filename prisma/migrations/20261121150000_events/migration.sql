-- The audit log learns which key acted, and in which transaction it was written.
ALTER TABLE "audit_log"
  ADD COLUMN "api_key_id" UUID,
  ADD COLUMN "txid" xid8 NOT NULL DEFAULT pg_current_xact_id();

-- The outbox becomes a table for each day. Nobody listened to what it held before: of those changes the audit log tells.
DROP TABLE "outbox";

-- CreateTable
CREATE TABLE "outbox" (
    "id" UUID NOT NULL,
    "seq" BIGSERIAL NOT NULL,
    "txid" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "partition" SMALLINT NOT NULL,
    "workspace_id" UUID,
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "aggregate_type" TEXT NOT NULL,
    "aggregate_id" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "actor_id" UUID,
    "impersonator_id" UUID,
    "api_key_id" UUID,
    "request_id" UUID,
    "traceparent" TEXT,
    "causation_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "published_at" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "last_error" TEXT,
    "parked_at" TIMESTAMPTZ(3),

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("created_at","id")
) PARTITION BY RANGE ("created_at");

-- CreateTable
CREATE TABLE "processed_events" (
    "consumer" TEXT NOT NULL,
    "event_id" UUID NOT NULL,
    "processed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "processed_events_pkey" PRIMARY KEY ("consumer","event_id")
);

-- CreateTable
CREATE TABLE "dead_letters" (
    "consumer" TEXT NOT NULL,
    "event_id" UUID NOT NULL,
    "workspace_id" UUID,
    "aggregate_type" TEXT NOT NULL,
    "aggregate_id" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,
    "name" TEXT NOT NULL,
    "event" JSONB NOT NULL,
    "attempts" INTEGER NOT NULL,
    "error" TEXT,
    "parked_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "dead_letters_pkey" PRIMARY KEY ("consumer","event_id")
);

-- CreateIndex
CREATE INDEX "processed_events_processed_at_idx" ON "processed_events"("processed_at");

-- CreateIndex
CREATE INDEX "dead_letters_consumer_aggregate_type_aggregate_id_seq_idx" ON "dead_letters"("consumer", "aggregate_type", "aggregate_id", "seq");

-- CreateIndex
CREATE INDEX "dead_letters_workspace_id_parked_at_idx" ON "dead_letters"("workspace_id", "parked_at" DESC);

-- What the schema language cannot say.

-- In the order of commits, behind the fence pg_snapshot_xmin(pg_current_snapshot()).
CREATE INDEX "audit_log_txid" ON "audit_log" ("txid", "id") WHERE "workspace_id" IS NOT NULL;

-- What waits, by queue; and what one workspace, or everybody, may read on from a cursor.
CREATE INDEX "outbox_waiting" ON "outbox" ("partition", "seq") WHERE "published_at" IS NULL;
CREATE INDEX "outbox_of_workspace" ON "outbox" ("workspace_id", "txid", "seq") WHERE "workspace_id" IS NOT NULL;
CREATE INDEX "outbox_in_order" ON "outbox" ("txid", "seq") WHERE "workspace_id" IS NOT NULL;
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_partition" CHECK ("partition" BETWEEN 0 AND 63);

-- Days live beside the tables of the product. What no day takes in, the rest does.
CREATE SCHEMA "outbox_days";
CREATE TABLE "outbox_days"."rest" PARTITION OF "outbox" DEFAULT;

-- Makes the tables of today and the days after, where they are missing. A day that `rest` already holds rows of stays there.
CREATE FUNCTION "make_outbox_days"(ahead int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  day date;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('make_outbox_days', 0));
  FOR day IN SELECT generate_series((now() AT TIME ZONE 'UTC')::date, (now() AT TIME ZONE 'UTC')::date + ahead, interval '1 day')::date LOOP
    IF to_regclass(format('outbox_days.%I', 'd' || to_char(day, 'YYYYMMDD'))) IS NULL
       AND NOT EXISTS (SELECT FROM outbox_days.rest WHERE created_at >= day::timestamp AT TIME ZONE 'UTC' AND created_at < (day + 1)::timestamp AT TIME ZONE 'UTC') THEN
      EXECUTE format('CREATE TABLE outbox_days.%I PARTITION OF outbox FOR VALUES FROM (%L) TO (%L)', 'd' || to_char(day, 'YYYYMMDD'),
                     to_char(day, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(day + 1, 'YYYY-MM-DD') || ' 00:00:00+00');
    END IF;
  END LOOP;
END
$$;
SELECT "make_outbox_days"(7);

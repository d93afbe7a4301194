-- CreateEnum
CREATE TYPE "webhook_endpoint_state" AS ENUM ('active', 'disabled');

-- CreateEnum
CREATE TYPE "webhook_disabled_reason" AS ENUM ('manual', 'gone', 'failing');

-- CreateEnum
CREATE TYPE "webhook_delivery_state" AS ENUM ('pending', 'delivered', 'failed');

-- CreateTable
CREATE TABLE "webhook_endpoints" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "url" TEXT NOT NULL,
    "description" TEXT,
    "events" TEXT[],
    "thin" BOOLEAN NOT NULL,
    "ordered" BOOLEAN NOT NULL,
    "state" "webhook_endpoint_state" NOT NULL DEFAULT 'active',
    "disabled_reason" "webhook_disabled_reason",
    "disabled_at" TIMESTAMPTZ(3),
    "sealed_secret" BYTEA,
    "key_version" INTEGER NOT NULL,
    "sealed_previous" BYTEA,
    "previous_key_version" INTEGER,
    "previous_secret_until" TIMESTAMPTZ(3),
    "consecutive_failures" INTEGER NOT NULL DEFAULT 0,
    "failing_since" TIMESTAMPTZ(3),
    "paused_until" TIMESTAMPTZ(3),
    "created_by" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "webhook_endpoints_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateTable
CREATE TABLE "webhook_deliveries" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "endpoint_id" UUID NOT NULL,
    "event_id" UUID NOT NULL,
    "event_name" TEXT NOT NULL,
    "aggregate_type" TEXT NOT NULL,
    "aggregate_id" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,
    "body" TEXT NOT NULL,
    "traceparent" TEXT,
    "state" "webhook_delivery_state" NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "replayed_after" INTEGER NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "lease_id" UUID,
    "last_status" INTEGER,
    "last_failure" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "settled_at" TIMESTAMPTZ(3),

    CONSTRAINT "webhook_deliveries_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateTable
CREATE TABLE "webhook_attempts" (
    "workspace_id" UUID NOT NULL,
    "delivery_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "duration_ms" INTEGER NOT NULL,
    "status" INTEGER,
    "failure" TEXT,
    "excerpt" TEXT,

    CONSTRAINT "webhook_attempts_pkey" PRIMARY KEY ("workspace_id","delivery_id","number")
);

-- CreateIndex
CREATE INDEX "webhook_endpoints_workspace_id_created_at_idx" ON "webhook_endpoints"("workspace_id", "created_at" DESC);

-- CreateIndex
CREATE INDEX "webhook_endpoints_key_version_idx" ON "webhook_endpoints"("key_version");

-- CreateIndex
CREATE INDEX "webhook_endpoints_previous_key_version_idx" ON "webhook_endpoints"("previous_key_version");

-- CreateIndex
CREATE INDEX "webhook_deliveries_workspace_id_created_at_idx" ON "webhook_deliveries"("workspace_id", "created_at" DESC);

-- CreateIndex
CREATE INDEX "webhook_deliveries_workspace_id_endpoint_id_created_at_idx" ON "webhook_deliveries"("workspace_id", "endpoint_id", "created_at" DESC);

-- CreateIndex
CREATE INDEX "webhook_deliveries_created_at_idx" ON "webhook_deliveries"("created_at");

-- CreateIndex
CREATE UNIQUE INDEX "webhook_deliveries_workspace_id_endpoint_id_event_id_key" ON "webhook_deliveries"("workspace_id", "endpoint_id", "event_id");

-- AddForeignKey
ALTER TABLE "webhook_endpoints" ADD CONSTRAINT "webhook_endpoints_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspaces"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_workspace_id_endpoint_id_fkey" FOREIGN KEY ("workspace_id", "endpoint_id") REFERENCES "webhook_endpoints"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "webhook_attempts" ADD CONSTRAINT "webhook_attempts_workspace_id_delivery_id_fkey" FOREIGN KEY ("workspace_id", "delivery_id") REFERENCES "webhook_deliveries"("workspace_id", "id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- What the schema language cannot say.

-- Which endpoints have anything to send, and what of it is due; what of one thing comes first; what is being sent.
CREATE INDEX "webhook_deliveries_due" ON "webhook_deliveries" ("workspace_id", "endpoint_id", "due_at") WHERE "state" = 'pending';
CREATE INDEX "webhook_deliveries_in_order" ON "webhook_deliveries" ("workspace_id", "endpoint_id", "aggregate_type", "aggregate_id", "seq", "id")
  WHERE "state" = 'pending';
CREATE INDEX "webhook_deliveries_leased" ON "webhook_deliveries" ("workspace_id", "endpoint_id") WHERE "lease_id" IS NOT NULL;

ALTER TABLE "webhook_endpoints"
  ADD CONSTRAINT "webhook_endpoints_disabled" CHECK (("state" = 'disabled') = ("disabled_reason" IS NOT NULL)),
  ADD CONSTRAINT "webhook_endpoints_secret" CHECK (("sealed_secret" IS NULL) = ("deleted_at" IS NOT NULL)),
  ADD CONSTRAINT "webhook_endpoints_previous" CHECK (
    ("sealed_previous" IS NULL) = ("previous_key_version" IS NULL) AND ("sealed_previous" IS NULL) = ("previous_secret_until" IS NULL));
ALTER TABLE "webhook_deliveries"
  ADD CONSTRAINT "webhook_deliveries_settled" CHECK (("state" = 'pending') = ("settled_at" IS NULL)),
  ADD CONSTRAINT "webhook_deliveries_lease" CHECK ("lease_id" IS NULL OR "state" = 'pending'),
  ADD CONSTRAINT "webhook_deliveries_size" CHECK (octet_length("body") < 20000);

-- AlterTable
ALTER TABLE "dead_letters" ADD COLUMN "retry_at" TIMESTAMPTZ(3);

-- CreateIndex
CREATE INDEX "dead_letters_workspace_id_consumer_parked_at_idx" ON "dead_letters"("workspace_id", "consumer", "parked_at" DESC);

-- What the schema language cannot say.

-- Whose time has come, by consumer.
CREATE INDEX "dead_letters_due" ON "dead_letters" ("consumer", "retry_at") WHERE "retry_at" IS NOT NULL;

-- What waits is what is neither delivered nor parked; the parked are few, and looked up by queue.
DROP INDEX "outbox_waiting";
CREATE INDEX "outbox_waiting" ON "outbox" ("partition", "seq") WHERE "published_at" IS NULL AND "parked_at" IS NULL;
CREATE INDEX "outbox_parked" ON "outbox" ("partition", "aggregate_type", "aggregate_id") WHERE "published_at" IS NULL AND "parked_at" IS NOT NULL;

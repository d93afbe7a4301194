-- CreateTable
CREATE TABLE "request_answers" (
    "id" BYTEA NOT NULL,
    "fingerprint" BYTEA NOT NULL,
    "answer" JSON NOT NULL,
    "txid" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "request_answers_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "request_answers_created_at_idx" ON "request_answers"("created_at");

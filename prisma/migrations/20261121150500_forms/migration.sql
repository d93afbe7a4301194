-- CreateEnum
CREATE TYPE "submission_state" AS ENUM ('received', 'accepted', 'invalid', 'spam', 'refused');

-- CreateTable
CREATE TABLE "forms" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "key_hash" BYTEA NOT NULL,
    "key_prefix" TEXT NOT NULL,
    "allowed_origins" TEXT[],
    "honeypot" TEXT,
    "fields" JSONB NOT NULL,
    "is_active" BOOLEAN NOT NULL DEFAULT true,
    "created_by" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "forms_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateTable
CREATE TABLE "form_submissions" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "form_id" UUID NOT NULL,
    "state" "submission_state" NOT NULL DEFAULT 'received',
    "body" BYTEA NOT NULL,
    "content_type" TEXT,
    "origin" TEXT,
    "user_agent" TEXT,
    "is_cleared" BOOLEAN NOT NULL DEFAULT false,
    "fields" JSONB,
    "problems" JSONB NOT NULL DEFAULT '[]',
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "settled_at" TIMESTAMPTZ(3),

    CONSTRAINT "form_submissions_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateIndex
CREATE UNIQUE INDEX "forms_key_hash_key" ON "forms"("key_hash");

-- CreateIndex
CREATE INDEX "forms_workspace_id_created_at_idx" ON "forms"("workspace_id", "created_at" DESC);

-- CreateIndex
CREATE INDEX "form_submissions_workspace_id_received_at_idx" ON "form_submissions"("workspace_id", "received_at" DESC);

-- CreateIndex
CREATE INDEX "form_submissions_workspace_id_form_id_received_at_idx" ON "form_submissions"("workspace_id", "form_id", "received_at" DESC);

-- AddForeignKey
ALTER TABLE "forms" ADD CONSTRAINT "forms_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspaces"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "form_submissions" ADD CONSTRAINT "form_submissions_workspace_id_form_id_fkey" FOREIGN KEY ("workspace_id", "form_id") REFERENCES "forms"("workspace_id", "id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- What the schema language cannot say.
ALTER TABLE "forms" ADD CONSTRAINT "forms_key_hash_length" CHECK (octet_length("key_hash") = 32);
ALTER TABLE "form_submissions"
  ADD CONSTRAINT "form_submissions_settled" CHECK (("state" = 'received') = ("settled_at" IS NULL)),
  ADD CONSTRAINT "form_submissions_fields" CHECK (("state" = 'accepted') = ("fields" IS NOT NULL)),
  ADD CONSTRAINT "form_submissions_size" CHECK (octet_length("body") <= 65536);

-- What is deleted in time, without reading what stays.
CREATE INDEX "form_submissions_discarded" ON "form_submissions" ("received_at") WHERE "state" IN ('spam', 'refused', 'invalid');

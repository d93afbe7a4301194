-- CreateTable
CREATE TABLE "api_keys" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "key_prefix" TEXT NOT NULL,
    "last4" TEXT NOT NULL,
    "key_hash" BYTEA NOT NULL,
    "previous_hash" BYTEA,
    "grace_ends_at" TIMESTAMPTZ(3),
    "scopes" TEXT[],
    "created_by" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "expires_at" TIMESTAMPTZ(3),
    "rotated_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_key_hash_key" ON "api_keys"("key_hash");

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_previous_hash_key" ON "api_keys"("previous_hash");

-- CreateIndex
CREATE INDEX "api_keys_created_by_idx" ON "api_keys"("created_by");

-- CreateIndex
CREATE INDEX "api_keys_workspace_id_created_at_idx" ON "api_keys"("workspace_id", "created_at" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_workspace_id_id_key" ON "api_keys"("workspace_id", "id");

-- AddForeignKey
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspaces"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_created_by_fkey" FOREIGN KEY ("created_by") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What the schema language cannot say.
ALTER TABLE "api_keys"
  ALTER COLUMN "scopes" SET NOT NULL,
  ADD CONSTRAINT "api_keys_scopes" CHECK (cardinality("scopes") > 0),
  ADD CONSTRAINT "api_keys_hash" CHECK (octet_length("key_hash") = 32 AND coalesce(octet_length("previous_hash"), 32) = 32),
  ADD CONSTRAINT "api_keys_grace" CHECK (("previous_hash" IS NULL) = ("grace_ends_at" IS NULL));

-- A key is compared with the membership it was made under: one clock has to tell the time of both, while the roster is locked.
ALTER TABLE "memberships" ALTER COLUMN "created_at" SET DEFAULT clock_timestamp();
UPDATE "memberships" SET "created_at" = clock_timestamp() WHERE "created_at" > clock_timestamp();

-- CreateEnum
CREATE TYPE "hold_state" AS ENUM ('open', 'captured', 'released', 'expired');

-- CreateEnum
CREATE TYPE "hold_step_kind" AS ENUM ('opened', 'captured', 'released', 'expired');

-- CreateEnum
CREATE TYPE "recharge_state" AS ENUM ('open', 'action_required', 'succeeded', 'failed', 'blocked');

-- CreateEnum
CREATE TYPE "recharge_window" AS ENUM ('hour', 'day', 'week', 'month');

-- A new value of an enum cannot be used in the transaction that adds it, and the constraints below name some: a new type takes its place.
ALTER TABLE "credit_transactions" DROP CONSTRAINT "credit_transactions_sign";
ALTER TYPE "credit_transaction_type" RENAME TO "credit_transaction_type_old";
CREATE TYPE "credit_transaction_type" AS ENUM ('credit', 'debit', 'auto_recharge', 'reversal', 'expiry', 'debt_repayment');
ALTER TABLE "credit_transactions"
  ALTER COLUMN "type" TYPE "credit_transaction_type" USING "type"::text::"credit_transaction_type";
DROP TYPE "credit_transaction_type_old";

-- AlterTable
ALTER TABLE "billing_accounts" ADD COLUMN     "debt" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "head_hash" BYTEA,
ADD COLUMN     "open_recharge_id" UUID,
ADD COLUMN     "recharge_rests_until" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "credit_transactions" DROP CONSTRAINT "credit_transactions_pkey",
ADD COLUMN     "burns" BIGINT[],
ADD COLUMN     "hash" BYTEA,
ADD COLUMN     "hold_id" UUID,
ADD COLUMN     "reverses_id" UUID,
ALTER COLUMN "created_by" DROP NOT NULL,
ADD CONSTRAINT "credit_transactions_pkey" PRIMARY KEY ("workspace_id", "id");

-- CreateTable
CREATE TABLE "credit_grants" (
    "workspace_id" UUID NOT NULL,
    "seq" BIGINT NOT NULL,
    "amount" BIGINT NOT NULL,
    "remaining" BIGINT NOT NULL,
    "expired" BIGINT NOT NULL DEFAULT 0,
    "priority" SMALLINT NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "is_open" BOOLEAN NOT NULL DEFAULT true,

    CONSTRAINT "credit_grants_pkey" PRIMARY KEY ("workspace_id","seq")
);

-- CreateTable
CREATE TABLE "credit_holds" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "amount" BIGINT NOT NULL,
    "captured" BIGINT NOT NULL DEFAULT 0,
    "state" "hold_state" NOT NULL DEFAULT 'open',
    "steps" INTEGER NOT NULL DEFAULT 1,
    "description" TEXT NOT NULL,
    "reference_id" TEXT,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_by" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "credit_holds_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateTable
CREATE TABLE "credit_hold_steps" (
    "workspace_id" UUID NOT NULL,
    "hold_id" UUID NOT NULL,
    "no" INTEGER NOT NULL,
    "kind" "hold_step_kind" NOT NULL,
    "amount" BIGINT NOT NULL,
    "closes" BOOLEAN NOT NULL,
    "created_by" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "credit_hold_steps_pkey" PRIMARY KEY ("workspace_id","hold_id","no")
);

-- CreateTable
CREATE TABLE "recharge_rules" (
    "workspace_id" UUID NOT NULL,
    "max_amount" BIGINT,
    "monthly_limit" BIGINT,
    "max_purchases" INTEGER,
    "max_purchases_per" "recharge_window",
    "failures" INTEGER NOT NULL DEFAULT 0,
    "failed_fingerprint" TEXT,

    CONSTRAINT "recharge_rules_pkey" PRIMARY KEY ("workspace_id")
);

-- CreateTable
CREATE TABLE "payment_methods" (
    "workspace_id" UUID NOT NULL,
    "gateway" TEXT NOT NULL,
    "customer_ref" TEXT NOT NULL,
    "method_ref" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "payment_methods_pkey" PRIMARY KEY ("workspace_id")
);

-- CreateTable
CREATE TABLE "credit_recharges" (
    "workspace_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "state" "recharge_state" NOT NULL DEFAULT 'open',
    "credits" BIGINT,
    "amount_minor" BIGINT,
    "currency" TEXT,
    "charge_ref" TEXT,
    "fingerprint" TEXT,
    "reason" TEXT,
    "action_url" TEXT,
    "attempted_at" TIMESTAMPTZ(3)[],
    "leased_until" TIMESTAMPTZ(3),
    "transaction_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "settled_at" TIMESTAMPTZ(3),

    CONSTRAINT "credit_recharges_pkey" PRIMARY KEY ("workspace_id","id")
);

-- CreateIndex
CREATE INDEX "credit_holds_workspace_id_created_at_idx" ON "credit_holds"("workspace_id", "created_at" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "credit_recharges_id_key" ON "credit_recharges"("id");

-- CreateIndex
CREATE INDEX "credit_recharges_workspace_id_created_at_idx" ON "credit_recharges"("workspace_id", "created_at" DESC);

-- What the ledger already holds becomes grants, spent in the order in which they came, and a chain of hashes. The text that is hashed is the
-- one of packages/domain/src/billing/entry-hash.model.ts.
ALTER TABLE "credit_transactions" DISABLE TRIGGER "credit_transactions_append_only";
DO $$
DECLARE
  entry record;
  bucket record;
  current_workspace uuid;
  previous bytea;
  burnt bigint[];
  burns text;
  rest bigint;
  taken bigint;
BEGIN
  FOR entry IN SELECT * FROM "credit_transactions" ORDER BY "workspace_id", "seq" LOOP
    IF current_workspace IS DISTINCT FROM entry."workspace_id" THEN
      current_workspace := entry."workspace_id";
      previous := NULL;
    END IF;
    burnt := '{}';
    burns := '';
    IF entry."amount" > 0 THEN
      INSERT INTO "credit_grants" ("workspace_id", "seq", "amount", "remaining", "priority")
      VALUES (entry."workspace_id", entry."seq", entry."amount", entry."amount", 50);
    ELSE
      rest := -entry."amount";
      FOR bucket IN SELECT * FROM "credit_grants" WHERE "workspace_id" = entry."workspace_id" AND "remaining" > 0 ORDER BY "seq" LOOP
        taken := LEAST(rest, bucket."remaining");
        UPDATE "credit_grants" SET "remaining" = "remaining" - taken, "is_open" = "remaining" > taken
         WHERE "workspace_id" = bucket."workspace_id" AND "seq" = bucket."seq";
        burnt := burnt || bucket."seq" || taken;
        burns := burns || CASE WHEN burns = '' THEN '' ELSE ',' END || '[' || bucket."seq" || ',' || taken || ']';
        rest := rest - taken;
        EXIT WHEN rest = 0;
      END LOOP;
    END IF;
    previous := sha256(convert_to(
      '[' || CASE WHEN previous IS NULL THEN 'null' ELSE '"' || encode(previous, 'hex') || '"' END
      || ',"' || entry."workspace_id" || '",' || entry."seq" || ',"' || entry."id" || '","' || entry."type" || '",' || entry."amount"
      || ',' || entry."balance_after" || ',' || to_json(entry."description")::text
      || ',' || CASE WHEN entry."reference_id" IS NULL THEN 'null' ELSE to_json(entry."reference_id")::text END
      || ',null,null,"' || entry."created_by" || '",' || (extract(epoch FROM entry."created_at") * 1000)::bigint
      || CASE WHEN entry."amount" > 0 THEN ',50,null' ELSE ',null,null' END
      || ',[' || burns || ']]', 'UTF8'));
    UPDATE "credit_transactions" SET "hash" = previous, "burns" = burnt
     WHERE "workspace_id" = entry."workspace_id" AND "id" = entry."id";
    UPDATE "billing_accounts" SET "head_hash" = previous WHERE "workspace_id" = entry."workspace_id";
  END LOOP;
END
$$;
ALTER TABLE "credit_transactions" ENABLE TRIGGER "credit_transactions_append_only";
ALTER TABLE "credit_transactions" ALTER COLUMN "hash" SET NOT NULL;

-- AddForeignKey
ALTER TABLE "credit_transactions" ADD CONSTRAINT "credit_transactions_workspace_id_reverses_id_fkey" FOREIGN KEY ("workspace_id", "reverses_id") REFERENCES "credit_transactions"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "credit_transactions" ADD CONSTRAINT "credit_transactions_workspace_id_hold_id_fkey" FOREIGN KEY ("workspace_id", "hold_id") REFERENCES "credit_holds"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "credit_grants" ADD CONSTRAINT "credit_grants_workspace_id_seq_fkey" FOREIGN KEY ("workspace_id", "seq") REFERENCES "credit_transactions"("workspace_id", "seq") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "credit_holds" ADD CONSTRAINT "credit_holds_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "billing_accounts"("workspace_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "credit_hold_steps" ADD CONSTRAINT "credit_hold_steps_workspace_id_hold_id_fkey" FOREIGN KEY ("workspace_id", "hold_id") REFERENCES "credit_holds"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "recharge_rules" ADD CONSTRAINT "recharge_rules_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "billing_accounts"("workspace_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "payment_methods" ADD CONSTRAINT "payment_methods_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "billing_accounts"("workspace_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "credit_recharges" ADD CONSTRAINT "credit_recharges_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "billing_accounts"("workspace_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Why a command came to nothing is kept in a shape of its own.
UPDATE "idempotency_keys"
   SET "answer" = jsonb_build_object('outcome', 'refused', 'refusal',
         ("answer" - 'outcome') || jsonb_build_object('reason', "answer" -> 'outcome'))
 WHERE "procedure" IN ('billing.debit', 'billing.addCredits') AND "answer" ->> 'outcome' IN ('too_large', 'insufficient', 'limit');

-- A debt is what a reversal found already spent: it is paid before anything becomes available again.
ALTER TABLE "billing_accounts"
  ADD CONSTRAINT "billing_accounts_debt" CHECK ("debt" BETWEEN 0 AND 9007199254740991 AND ("debt" = 0 OR "balance" = "held"));
ALTER TABLE "credit_transactions"
  ADD CONSTRAINT "credit_transactions_sign" CHECK (
    CASE WHEN "type" IN ('credit', 'auto_recharge') THEN "amount" > 0
         WHEN "type" = 'reversal' THEN TRUE
         ELSE "amount" < 0 END
    AND "balance_after" >= 0 AND "seq" > 0
  ),
  ADD CONSTRAINT "credit_transactions_burns" CHECK ("burns" IS NOT NULL AND cardinality("burns") % 2 = 0),
  ADD CONSTRAINT "credit_transactions_pointers" CHECK (
    ("type" = 'reversal') = ("reverses_id" IS NOT NULL) AND ("hold_id" IS NULL OR "type" = 'debit')
  );
ALTER TABLE "credit_grants"
  ADD CONSTRAINT "credit_grants_remaining" CHECK (
    "remaining" BETWEEN 0 AND "amount" AND "expired" BETWEEN 0 AND "amount" AND "is_open" = ("remaining" > 0)
  ),
  ADD CONSTRAINT "credit_grants_priority" CHECK ("priority" BETWEEN 0 AND 100);
ALTER TABLE "credit_holds"
  ADD CONSTRAINT "credit_holds_captured" CHECK (
    "amount" > 0 AND "captured" BETWEEN 0 AND "amount" AND ("captured" < "amount" OR "state" = 'captured') AND "steps" > 0
  );
ALTER TABLE "credit_hold_steps"
  ADD CONSTRAINT "credit_hold_steps_amount" CHECK ("amount" >= 0 AND "no" > 0 AND ("no" = 1) = ("kind" = 'opened'));
ALTER TABLE "recharge_rules"
  ADD CONSTRAINT "recharge_rules_limits" CHECK (
    ("max_amount" IS NULL OR "max_amount" > 0) AND ("monthly_limit" IS NULL OR "monthly_limit" > 0)
    AND ("max_purchases" IS NULL OR "max_purchases" > 0) AND ("max_purchases" IS NULL) = ("max_purchases_per" IS NULL) AND "failures" >= 0
  );

-- Rows that change with every movement: free space keeps their updates on the page and off the indexes.
ALTER TABLE "credit_grants" SET (fillfactor = 70);
ALTER TABLE "credit_holds" SET (fillfactor = 70);

-- An entry is reversed once; a hold is resolved once; one recharge is under way.
CREATE UNIQUE INDEX "credit_transactions_reversed" ON "credit_transactions" ("workspace_id", "reverses_id") WHERE "reverses_id" IS NOT NULL;
CREATE UNIQUE INDEX "credit_hold_steps_closing" ON "credit_hold_steps" ("workspace_id", "hold_id") WHERE "closes";
CREATE UNIQUE INDEX "credit_recharges_open" ON "credit_recharges" ("workspace_id") WHERE "state" IN ('open', 'action_required');

CREATE INDEX "credit_transactions_hold" ON "credit_transactions" ("workspace_id", "hold_id") WHERE "hold_id" IS NOT NULL;
CREATE INDEX "credit_grants_open" ON "credit_grants" ("workspace_id", "priority", "expires_at", "seq") WHERE "is_open";
CREATE INDEX "credit_grants_expiring" ON "credit_grants" ("expires_at") WHERE "is_open" AND "expires_at" IS NOT NULL;
CREATE INDEX "credit_holds_open" ON "credit_holds" ("workspace_id", "expires_at") WHERE "state" = 'open';
CREATE INDEX "credit_holds_expiring" ON "credit_holds" ("expires_at") WHERE "state" = 'open';
-- Rules that may be due although nobody spends; its columns change with a recharge, not with a movement.
CREATE INDEX "billing_accounts_recharging" ON "billing_accounts" ("workspace_id") WHERE "auto_recharge" AND "open_recharge_id" IS NULL;

CREATE TRIGGER "credit_hold_steps_append_only" BEFORE UPDATE OR DELETE ON "credit_hold_steps"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
CREATE TRIGGER "credit_hold_steps_no_truncate" BEFORE TRUNCATE ON "credit_hold_steps"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();

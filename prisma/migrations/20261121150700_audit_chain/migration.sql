-- What the audit log can be filtered by.
CREATE INDEX "audit_log_workspace_id_actor_id_created_at_idx" ON "audit_log"("workspace_id", "actor_id", "created_at" DESC);
CREATE INDEX "audit_log_workspace_id_entity_type_entity_id_created_at_idx" ON "audit_log"("workspace_id", "entity_type", "entity_id", "created_at" DESC);

-- CreateTable
CREATE TABLE "audit_chains" (
    "workspace_id" UUID NOT NULL,
    "seq" BIGINT NOT NULL,
    "head_hash" BYTEA NOT NULL,
    "anchor_seq" BIGINT NOT NULL DEFAULT 0,
    "anchor_hash" BYTEA,
    "pruned_at" TIMESTAMPTZ(3),

    CONSTRAINT "audit_chains_pkey" PRIMARY KEY ("workspace_id")
);

-- CreateTable
CREATE TABLE "audit_links" (
    "workspace_id" UUID NOT NULL,
    "seq" BIGINT NOT NULL,
    "entry_id" UUID NOT NULL,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "audit_links_pkey" PRIMARY KEY ("workspace_id","seq")
);

-- CreateTable
CREATE TABLE "audit_progress" (
    "id" SMALLINT NOT NULL,
    "epoch" TEXT,
    "txid" xid8 NOT NULL,
    "entry_id" UUID NOT NULL,
    "resume_txid" xid8,

    CONSTRAINT "audit_progress_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "audit_links_workspace_id_entry_id_key" ON "audit_links"("workspace_id", "entry_id");

-- AddForeignKey
ALTER TABLE "audit_links" ADD CONSTRAINT "audit_links_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "audit_chains"("workspace_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What the schema language cannot say.

-- For one action, and for all of a domain (LIKE 'billing.%').
CREATE INDEX "audit_log_action" ON "audit_log" ("workspace_id", "action" text_pattern_ops, "created_at" DESC) WHERE "workspace_id" IS NOT NULL;
CREATE INDEX "audit_log_api_key" ON "audit_log" ("workspace_id", "api_key_id", "created_at" DESC) WHERE "api_key_id" IS NOT NULL;

ALTER TABLE "audit_chains" ADD CONSTRAINT "audit_chains_anchor" CHECK (
  "anchor_seq" BETWEEN 0 AND "seq" AND ("anchor_seq" = 0) = ("anchor_hash" IS NULL)
);
ALTER TABLE "audit_links" ADD CONSTRAINT "audit_links_seq" CHECK ("seq" > 0);
ALTER TABLE "audit_progress" ADD CONSTRAINT "audit_progress_one_row" CHECK ("id" = 1);
INSERT INTO "audit_progress" ("id", "txid", "entry_id") VALUES (1, '0', '00000000-0000-0000-0000-000000000000');

-- Retention is the one way in which entries go. It moves the anchor of the chain first; what is not behind the anchor, or not a day old,
-- is refused to everybody.
CREATE FUNCTION "refuse_audit_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('morket.audit_prune', true) = pg_current_xact_id()::text THEN
    -- One IF for each table: a condition is read with the columns of the table the row is of.
    IF TG_TABLE_NAME = 'audit_links' THEN
      IF EXISTS (SELECT FROM public.audit_chains c WHERE c.workspace_id = OLD.workspace_id AND OLD.seq <= c.anchor_seq) THEN
        RETURN OLD;
      END IF;
    ELSIF OLD.created_at < now() - interval '1 day' THEN
      IF EXISTS (
        SELECT FROM public.audit_links l JOIN public.audit_chains c USING (workspace_id)
         WHERE l.workspace_id = OLD.workspace_id AND l.entry_id = OLD.id AND l.seq <= c.anchor_seq
      ) THEN
        RETURN OLD;
      END IF;
    END IF;
  END IF;
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END
$$;
DROP TRIGGER "audit_log_append_only" ON "audit_log";
CREATE TRIGGER "audit_log_append_only" BEFORE UPDATE OR DELETE ON "audit_log"
  FOR EACH ROW EXECUTE FUNCTION "refuse_audit_change"();
CREATE TRIGGER "audit_links_append_only" BEFORE UPDATE OR DELETE ON "audit_links"
  FOR EACH ROW EXECUTE FUNCTION "refuse_audit_change"();
CREATE TRIGGER "audit_links_no_truncate" BEFORE TRUNCATE ON "audit_links"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_change"();

-- Removes the entries of one workspace up to and with the link `through`, all of which must be older than `older_than`, and keeps the hash
-- of that link as the anchor of the rest. Runs with the rights of the owner of the tables, so that the role of the application needs no
-- right to delete. Returns how many entries went.
CREATE FUNCTION "prune_audit_log"(of_workspace uuid, through bigint, older_than timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  chain public.audit_chains;
  last_hash bytea;
  removed int;
BEGIN
  SELECT * INTO chain FROM public.audit_chains WHERE workspace_id = of_workspace FOR UPDATE;
  -- Somebody else has been here meanwhile.
  IF through <= chain.anchor_seq THEN
    RETURN 0;
  END IF;
  SELECT hash INTO last_hash FROM public.audit_links WHERE workspace_id = of_workspace AND seq = through;
  IF chain.workspace_id IS NULL OR last_hash IS NULL OR EXISTS (
    SELECT FROM public.audit_links l LEFT JOIN public.audit_log e ON e.id = l.entry_id
     WHERE l.workspace_id = of_workspace AND l.seq > chain.anchor_seq AND l.seq <= through
       AND (e.workspace_id = of_workspace AND e.created_at < older_than) IS NOT TRUE
  ) THEN
    RAISE EXCEPTION 'the audit log of % cannot be pruned through %', of_workspace, through USING ERRCODE = 'restrict_violation';
  END IF;
  UPDATE public.audit_chains SET anchor_seq = through, anchor_hash = last_hash, pruned_at = now() WHERE workspace_id = of_workspace;
  PERFORM set_config('morket.audit_prune', pg_current_xact_id()::text, true);
  DELETE FROM public.audit_log e USING public.audit_links l
   WHERE l.workspace_id = of_workspace AND l.seq > chain.anchor_seq AND l.seq <= through AND e.id = l.entry_id;
  GET DIAGNOSTICS removed = ROW_COUNT;
  DELETE FROM public.audit_links WHERE workspace_id = of_workspace AND seq > chain.anchor_seq AND seq <= through;
  PERFORM set_config('morket.audit_prune', '', true);
  RETURN removed;
END
$$;
REVOKE ALL ON FUNCTION "prune_audit_log"(uuid, bigint, timestamptz) FROM PUBLIC;

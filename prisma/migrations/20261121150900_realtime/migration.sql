-- What happened outside any workspace, in the order of transactions: open streams look there for sessions that ended.
CREATE INDEX "outbox_of_nobody" ON "outbox" ("txid", "seq") WHERE "workspace_id" IS NULL;

import type pg from 'pg';

type Counts = {
  readonly debits: string;
  readonly verdicts: string;
  readonly audited: string;
  readonly events: string;
};

/**
 * Throws unless these workspaces hold exactly what was acknowledged: each balance is the sum of its entries, and there is one
 * debit, verdict, audit entry and event for each answer.
 */
export async function verifyBooks(
  client: pg.Client,
  workspaceIds: readonly string[],
  acknowledged: number,
): Promise<void> {
  const wrong = await client.query(
    `select a.workspace_id
       from billing_accounts a
       join credit_transactions t using (workspace_id)
      where a.workspace_id = any($1::uuid[])
      group by a.workspace_id
     having a.balance <> sum(t.amount) or a.seq <> count(*) or a.seq <> max(t.seq)`,
    [workspaceIds],
  );
  if (wrong.rows.length > 0) throw new Error(`The books of ${wrong.rows.length} workspaces do not agree.`);
  const { rows } = await client.query<Counts>(
    `select (select count(*) from credit_transactions where workspace_id = any($1::uuid[]) and type = 'debit') as debits,
            (select count(*) from idempotency_keys where workspace_id = any($1::uuid[]) and procedure = 'billing.debit') as verdicts,
            (select count(*) from audit_log where workspace_id = any($1::uuid[]) and action = 'billing.debited') as audited,
            (select count(*) from outbox where workspace_id = any($1::uuid[]) and name = 'billing.debited') as events`,
    [workspaceIds],
  );
  for (const [what, count] of Object.entries(rows[0] ?? {})) {
    if (Number(count) !== acknowledged)
      throw new Error(`${acknowledged} debits were acknowledged, but ${count} are there (${what}).`);
  }
}

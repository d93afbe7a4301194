import type pg from 'pg';

/** Anything that asks PostgreSQL: a client or a pool of `pg`. */
export type Asks = Pick<pg.ClientBase, 'query'>;

type Rule = {
  /** The invariant, in words. */
  readonly holds: string;
  /** Gives a row with `what` for every place where it does not; `$1` are the workspaces. */
  readonly broken: string;
};

const MOVEMENTS = `
  entries as (select * from credit_transactions where workspace_id = any($1)),
  accounts as (select * from billing_accounts where workspace_id = any($1)),
  events as (select *, (payload ->> 'transactionId')::uuid as entry_id from outbox
              where workspace_id = any($1) and aggregate_type = 'billing_account' and payload ? 'transactionId'),
  audits as (select *, (changes -> 'after' ->> 'transactionId')::uuid as entry_id from audit_log
              where workspace_id = any($1) and entity_type = 'billing_account' and changes -> 'after' ? 'transactionId'),
  verdicts as (select *, (answer ->> 'transactionId')::uuid as entry_id from idempotency_keys
                where workspace_id = any($1) and procedure like 'billing.%' and answer ? 'transactionId')`;

/** What holds of every ledger at every instant between two transactions. */
const RULES: readonly Rule[] = [
  {
    holds: 'the balance is the sum of the entries',
    broken: `select format('account %s has %s, its entries make %s', a.workspace_id, a.balance, coalesce(sum(e.amount), 0)) as what
               from accounts a left join entries e using (workspace_id)
              group by a.workspace_id, a.balance having a.balance <> coalesce(sum(e.amount), 0)`,
  },
  {
    holds: 'there is no overdraft: balance >= held >= 0',
    broken: `select format('account %s has %s, of which %s are held', workspace_id, balance, held) as what
               from accounts where held < 0 or balance < held`,
  },
  {
    holds: 'seq counts from 1 without a gap, up to the seq of the account',
    broken: `select format('account %s is at seq %s, its entries go from %s to %s and are %s', a.workspace_id, a.seq, min(e.seq), max(e.seq), count(e.seq)) as what
               from accounts a left join entries e using (workspace_id)
              group by a.workspace_id, a.seq
             having a.seq <> coalesce(max(e.seq), 0) or a.seq <> count(distinct e.seq) or a.seq <> count(e.seq) or coalesce(min(e.seq), 1) <> 1`,
  },
  {
    holds: 'each balance chains from the one before, and none is negative',
    broken: `select format('entry %s of %s moves %s from %s and leaves %s', seq, workspace_id, amount, before, balance_after) as what
               from (select *, coalesce(lag(balance_after) over (partition by workspace_id order by seq), 0) as before from entries) chain
              where balance_after <> before + amount or balance_after < 0`,
  },
  {
    // A capture is told as what it took from its hold.
    holds: 'each entry has one outbox event, with its amount and balance, and each event has its entry',
    broken: `select format('entry %s of %s has %s events', e.seq, coalesce(e.workspace_id, o.workspace_id), count(o.id)) as what
               from entries e full join events o on o.entry_id = e.id and o.workspace_id = e.workspace_id
              group by e.id, e.seq, coalesce(e.workspace_id, o.workspace_id)
             having count(o.id) <> 1 or e.id is null
                 or bool_or((o.payload ->> 'amount')::bigint * case when o.payload ? 'holdId' then -1 else 1 end <> e.amount or (o.payload ->> 'balanceAfter')::bigint <> e.balance_after)`,
  },
  {
    holds: 'each entry has one audit entry, and each audit entry of a movement its entry',
    broken: `select format('entry %s of %s has %s audit entries', e.seq, coalesce(e.workspace_id, a.workspace_id), count(a.id)) as what
               from entries e full join audits a on a.entry_id = e.id and a.workspace_id = e.workspace_id
              group by e.id, e.seq, coalesce(e.workspace_id, a.workspace_id)
             having count(a.id) <> 1 or e.id is null`,
  },
  {
    holds: 'a kept verdict that moved credits names an entry of its workspace, and no other verdict names it',
    broken: `select format('key %s of %s names entry %s, as do %s verdicts', min(v.key), v.workspace_id, v.entry_id, count(*)) as what
               from verdicts v left join entries e on e.id = v.entry_id and e.workspace_id = v.workspace_id
              group by v.workspace_id, v.entry_id, e.id having e.id is null or count(*) <> 1`,
  },
];

/** Evaluates every invariant of the ledgers of these workspaces; gives one line for each violation, none when all hold. */
export async function checkLedger(client: Asks, workspaceIds: readonly string[]): Promise<string[]> {
  const violations: string[] = [];
  for (const { holds, broken } of RULES) {
    const { rows } = await client.query<{ what: string }>(`with ${MOVEMENTS} ${broken}`, [workspaceIds]);
    violations.push(...rows.map(({ what }) => `${holds}: ${what}`));
  }
  return violations;
}

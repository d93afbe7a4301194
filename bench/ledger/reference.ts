import type pg from 'pg';

/** Accounts of the references, each for one of them, so that none queues behind another. */
export const SPREAD = 1_000;
export const HOT_ACCOUNT = SPREAD + 1;
export const NAIVE_ACCOUNT = SPREAD + 2;
export const PLAIN_ACCOUNT = SPREAD + 3;
const ACCOUNTS = PLAIN_ACCOUNT;
const OPENING = 1_000_000_000;

/** The id of a reference's account, as SQL over its number. */
export const accountId = (number: string): string => `lpad(to_hex(${number}::int), 32, '0')::uuid`;

/**
 * Tables of the shape of the product's account and ledger, without what the product adds to an entry (hash, grants, verdict, audit,
 * event): a reference should be as fast as it can be. The tables after the second are for the plain transaction, which writes all of it.
 */
const TABLES = `
  create schema reference;
  create table reference.accounts (
    workspace_id uuid primary key,
    balance bigint not null check (balance >= 0),
    held bigint not null default 0,
    seq bigint not null default 0,
    credit_limit bigint,
    cycle_start timestamptz(3) not null default now(),
    cycle_end timestamptz(3) not null default now() + interval '1 month',
    cycle_spent bigint not null default 0
  ) with (fillfactor = 50);
  create table reference.entries (
    id uuid not null default uuidv7(),
    workspace_id uuid not null references reference.accounts (workspace_id),
    seq bigint not null,
    amount bigint not null,
    type text not null default 'debit',
    description text not null,
    reference_id text,
    balance_after bigint not null,
    created_by uuid not null,
    created_at timestamptz(3) not null default clock_timestamp(),
    primary key (workspace_id, id),
    unique (workspace_id, seq)
  );
  create index on reference.entries (workspace_id, created_at desc);
  insert into reference.accounts (workspace_id, balance)
  select ${accountId('n')}, ${OPENING} from generate_series(1, ${ACCOUNTS}) n;
  create table reference.grants (
    workspace_id uuid not null,
    seq bigint not null,
    amount bigint not null,
    remaining bigint not null,
    primary key (workspace_id, seq)
  ) with (fillfactor = 70);
  insert into reference.grants select workspace_id, 0, balance, balance from reference.accounts;
  create table reference.verdicts (like public.idempotency_keys including all);
  create table reference.audit (like public.audit_log including all);
  create table reference.outbox (like public.outbox including all);`;

export async function createReference(client: pg.Client): Promise<void> {
  await client.query(TABLES);
}

/** Throws when a reference lost or doubled a debit: what does less than it should is no reference. */
export async function verifyReference(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ workspace_id: string }>(`
    select a.workspace_id
      from reference.accounts a
      left join reference.entries e using (workspace_id)
     group by a.workspace_id
    having a.balance <> ${OPENING} + coalesce(sum(e.amount), 0) or a.seq <> count(e.id)`);
  if (rows.length > 0) throw new Error(`The books of ${rows.length} reference accounts do not agree.`);
}

/** What others would write: a transaction for each debit, by Prisma or by hand. */
import { createHash, randomUUID } from 'node:crypto';
import { Unavailable } from '@morket/contract/errors';
import { createDb } from '@morket/db';
import pg from 'pg';
import { serveParent } from '../process/serve-parent.ts';
import { type BusyLoad, keepBusy } from './keep-busy.ts';
import { NAIVE_ACCOUNT, PLAIN_ACCOUNT } from './reference.ts';

type Account = { readonly balance: bigint; readonly seq: bigint };

const url = process.env.DATABASE_URL ?? '';
const db = createDb({ url });
const client = new pg.Client({ connectionString: url });
await client.connect();

const uuidOf = (account: number): string =>
  account
    .toString(16)
    .padStart(32, '0')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
const ACTOR = uuidOf(1);
const naive = uuidOf(NAIVE_ACCOUNT);
const plain = uuidOf(PLAIN_ACCOUNT);
const DESCRIPTION = 'Enriched a contact';

/** An interactive Prisma transaction: lock, update, insert. No key, no audit entry, no event. */
const debitByPrisma = () =>
  db.transaction(async (tx) => {
    const [account] = await tx.$queryRaw<Account[]>`
      select balance, seq from reference.accounts where workspace_id = ${naive}::uuid for update`;
    if (!account) throw new Error('The reference account is there.');
    const [balance, seq] = [account.balance - 1n, account.seq + 1n];
    await tx.$executeRaw`
      update reference.accounts set balance = ${balance}, seq = ${seq}, cycle_spent = cycle_spent + 1
       where workspace_id = ${naive}::uuid`;
    await tx.$executeRaw`
      insert into reference.entries (workspace_id, seq, amount, description, balance_after, created_by)
      values (${naive}::uuid, ${seq}, -1, ${DESCRIPTION}, ${balance}, ${ACTOR}::uuid)`;
  });

/** By hand through pg, one statement after the other: the rows that a debit of the product writes, down to verdict, audit entry and event. */
async function debitByHand(): Promise<void> {
  const [key, requestId] = [randomUUID(), randomUUID()];
  await client.query('begin');
  const { rows } = await client.query(
    'select balance, seq, credit_limit, cycle_end, cycle_spent from reference.accounts where workspace_id = $1 for update',
    [plain],
  );
  await client.query(
    `select fingerprint, answer from reference.verdicts
      where workspace_id = $1 and principal_id = $2 and procedure = 'billing.debit' and key = $3`,
    [plain, ACTOR, key],
  );
  const [balance, seq] = [BigInt(rows[0].balance) - 1n, BigInt(rows[0].seq) + 1n];
  await client.query(
    'update reference.accounts set balance = $2, seq = $3, cycle_spent = cycle_spent + 1 where workspace_id = $1',
    [plain, balance, seq],
  );
  const entry = await client.query(
    `insert into reference.entries (workspace_id, seq, amount, description, balance_after, created_by)
     values ($1, $2, -1, $3, $4, $5) returning id, created_at`,
    [plain, seq, DESCRIPTION, balance, ACTOR],
  );
  await client.query('update reference.grants set remaining = remaining - 1 where workspace_id = $1', [plain]);
  const transactionId: string = entry.rows[0].id;
  const payload = JSON.stringify({ transactionId, amount: -1, balanceAfter: Number(balance), referenceId: null });
  await client.query(
    `insert into reference.audit (id, workspace_id, actor_id, action, entity_type, entity_id, changes, request_id)
     values (uuidv7(), $1::uuid, $2, 'billing.debited', 'billing_account', $1::uuid::text, $3, $4)`,
    [plain, ACTOR, payload, requestId],
  );
  await client.query(
    `insert into reference.outbox (id, partition, workspace_id, name, version, aggregate_type, aggregate_id, payload, actor_id, request_id)
     values (uuidv7(), hashtextextended($1::uuid::text, 0) & 63, $1::uuid, 'billing.debited', 1, 'billing_account', $1::uuid::text, $2, $3, $4)`,
    [plain, payload, ACTOR, requestId],
  );
  const fingerprint = createHash('sha256').update(DESCRIPTION).digest();
  await client.query(
    `insert into reference.verdicts (workspace_id, principal_id, procedure, key, fingerprint, answer)
     values ($1, $2, 'billing.debit', $3, $4, $5)`,
    [plain, ACTOR, key, fingerprint, payload],
  );
  await client.query('commit');
}

const handlers = {
  naive: (load: BusyLoad) => keepBusy(debitByPrisma, load, Unavailable.is),
  plain: (durationMs: number) => keepBusy(debitByHand, { inFlight: 1, durationMs }),
};
export type PeerHandlers = typeof handlers;

serveParent(handlers);

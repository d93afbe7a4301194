import type { CreditTransaction } from '@morket/contract/billing';
import { type PointTx, Prisma } from '@morket/db';
import { type AnswerJson, type Answers, answersQuery, toAnswers } from '../idempotency/index.ts';
import type { Account } from './account.model.ts';
import { type Item, Verdict } from './command.ts';
import { type Grant, inBurnOrder, toBurns } from './grant.model.ts';
import type { Original } from './movement.model.ts';
import { type HoldRow, inWorkspace, type Sheet } from './sheet.ts';
import { ACCOUNT_JSON, type AccountJson, GRANT_JSON, type GrantJson, toAccount, toGrant } from './stored-books.ts';

export type LockedAccount = Account & { readonly workspaceId: string };

/**
 * Takes the locks on which every movement of these workspaces queues, in the order of their ids; read nothing a decision needs before
 * it. A workspace that was deleted meanwhile, or never was, is missing from the answer.
 */
export async function lockAccounts(tx: PointTx, workspaceIds: readonly string[]): Promise<LockedAccount[]> {
  const rows = await tx.readJson<AccountJson[]>(Prisma.sql`
    select coalesce(json_agg(${ACCOUNT_JSON}), '[]') as json
      from (select * from billing_accounts
             where workspace_id = any(${workspaceIds}::uuid[]) and closed_at is null
             order by workspace_id
               for update) a`);
  return rows.map((row) => ({ workspaceId: row.w, ...toAccount(row) }));
}

type HoldJson = {
  w: string;
  id: string;
  amount: number;
  captured: number;
  state: HoldRow['state'];
  steps: number;
  description: string;
  reference: string | null;
  expires: number;
  by: string;
  at: number;
};
type OriginalJson = {
  w: string;
  id: string;
  seq: number;
  type: Original['type'];
  amount: number;
  reference: string | null;
  at: number;
  reversed: boolean;
  burns: number[];
};
type SheetJson = {
  readonly now: number;
  readonly answers: readonly AnswerJson[];
  readonly grants: readonly GrantJson[];
  readonly holds: readonly HoldJson[];
  readonly originals: readonly OriginalJson[];
};

const NOTHING = Prisma.sql`'[]'::json`;

/** Pairs of workspace and id as one JSON text. */
const pairs = (items: readonly { readonly workspaceId: string; readonly id: string }[]): string =>
  JSON.stringify(items.map(({ workspaceId, id }) => ({ w: workspaceId, id })));

/** The open grants of these workspaces, and those a reversal may give back to: its own, and those at the odd places of its burns. */
function grantsQuery(workspaceIds: readonly string[], reversed: string | null): Prisma.Sql {
  const returning = reversed
    ? Prisma.sql`union
      select g.* from json_to_recordset(${reversed}::json) as wanted (w uuid, id uuid)
        cross join lateral (
          select seq, burns from credit_transactions x where x.workspace_id = wanted.w and x.id = wanted.id offset 0) t
        cross join lateral (
          select t.seq union select t.burns[i] from generate_series(1, cardinality(t.burns), 2) i) named (seq)
        cross join lateral (
          select * from credit_grants x where x.workspace_id = wanted.w and x.seq = named.seq offset 0) g`
    : Prisma.empty;
  return Prisma.sql`(
    select coalesce(json_agg(${GRANT_JSON}), '[]')
      from (select * from credit_grants where workspace_id = any(${workspaceIds}::uuid[]) and is_open ${returning}) g)`;
}

/** The overdue holds of these workspaces, and those that are named. */
function holdsQuery(workspaceIds: readonly string[], named: string | null): Prisma.Sql {
  const wanted = named
    ? Prisma.sql`union
      select h.* from json_to_recordset(${named}::json) as wanted (w uuid, id uuid)
        cross join lateral (
          select * from credit_holds x where x.workspace_id = wanted.w and x.id = wanted.id offset 0) h`
    : Prisma.empty;
  return Prisma.sql`(
    select coalesce(json_agg(json_build_object('w', h.workspace_id, 'id', h.id, 'amount', h.amount, 'captured', h.captured,
                                               'state', h.state, 'steps', h.steps, 'description', h.description,
                                               'reference', h.reference_id, 'expires', extract(epoch from h.expires_at) * 1000,
                                               'by', h.created_by, 'at', extract(epoch from h.created_at) * 1000)), '[]')
      from (select * from credit_holds
             where workspace_id = any(${workspaceIds}::uuid[]) and state = 'open' and expires_at <= clock_timestamp()
            ${wanted}) h)`;
}

function originalsQuery(reversed: string | null): Prisma.Sql {
  if (!reversed) return NOTHING;
  return Prisma.sql`(
    select coalesce(json_agg(json_build_object(
             'w', t.workspace_id, 'id', t.id, 'seq', t.seq, 'type', t.type, 'amount', t.amount, 'reference', t.reference_id,
             'at', extract(epoch from t.created_at) * 1000,
             'reversed', exists (select from credit_transactions r where r.workspace_id = t.workspace_id and r.reverses_id = t.id),
             'burns', t.burns)), '[]')
      from json_to_recordset(${reversed}::json) as wanted (w uuid, id uuid)
      cross join lateral (
        select * from credit_transactions x where x.workspace_id = wanted.w and x.id = wanted.id offset 0) t)`;
}

/** Reads what the batch has to know, in a statement of its own: the one that waited for the locks has an older snapshot. */
export async function readSheet(
  tx: PointTx,
  accounts: readonly LockedAccount[],
  items: readonly Item[],
): Promise<Sheet> {
  const workspaceIds = accounts.map(({ workspaceId }) => workspaceId);
  const wanted = items.flatMap(({ acting, keyed }) => (keyed ? [{ owner: acting, keyed }] : []));
  const named = items.flatMap(({ acting: { workspaceId }, command }) =>
    command.kind === 'capture' || command.kind === 'release' ? [{ workspaceId, id: command.holdId }] : [],
  );
  const reversals = items.flatMap(({ acting: { workspaceId }, command }) =>
    command.kind === 'reverse' ? [{ workspaceId, id: command.transactionId }] : [],
  );
  const reversed = reversals.length > 0 ? pairs(reversals) : null;
  const holds = named.length > 0 ? pairs(named) : null;
  const row = await tx.readJson<SheetJson>(Prisma.sql`
    select json_build_object(
      'now', extract(epoch from clock_timestamp()) * 1000, 'answers', ${answersQuery(wanted)},
      'grants', ${grantsQuery(workspaceIds, reversed)}, 'holds', ${holdsQuery(workspaceIds, holds)},
      'originals', ${originalsQuery(reversed)}) as json`);

  const grants = new Map<string, Grant[]>(workspaceIds.map((id) => [id, []]));
  for (const grant of row.grants) grants.get(grant.w)?.push(toGrant(grant));
  const answers = toAnswers(row.answers);
  return {
    // Whole milliseconds, as they are stored.
    now: new Date(Math.floor(row.now)),
    books: new Map(
      accounts.map(({ workspaceId, ...account }) => [
        workspaceId,
        { account, grants: (grants.get(workspaceId) ?? []).sort(inBurnOrder) },
      ]),
    ),
    holds: new Map(row.holds.map((hold) => [inWorkspace(hold.w, hold.id), toHoldRow(hold)])),
    originals: new Map(row.originals.map((entry) => [inWorkspace(entry.w, entry.id), toOriginal(entry)])),
    answers,
    transactions: await readTransactions(tx, workspaceIds, answers),
  };
}

const toHoldRow = (hold: HoldJson): HoldRow => ({
  workspaceId: hold.w,
  id: hold.id,
  amount: BigInt(hold.amount),
  captured: BigInt(hold.captured),
  state: hold.state,
  steps: hold.steps,
  description: hold.description,
  referenceId: hold.reference,
  expiresAt: new Date(hold.expires),
  createdBy: hold.by,
  createdAt: new Date(hold.at),
});

const toOriginal = (entry: OriginalJson): Original => ({
  id: entry.id,
  seq: BigInt(entry.seq),
  type: entry.type,
  amount: BigInt(entry.amount),
  burns: toBurns(entry.burns.map(BigInt)),
  referenceId: entry.reference,
  createdAt: new Date(entry.at),
  isReversed: entry.reversed,
});

/** The entries that kept answers name: read only when something is asked again. */
async function readTransactions(
  tx: PointTx,
  workspaceIds: readonly string[],
  answers: Answers,
): Promise<Sheet['transactions']> {
  const ids = [...answers.values()].flatMap(({ answer }) => {
    const verdict = Verdict.parse(answer);
    return verdict.outcome === 'moved' ? [verdict.transactionId] : [];
  });
  if (ids.length === 0) return new Map();
  const rows = await tx.readJson<(Omit<CreditTransaction, 'createdAt'> & { readonly at: number })[]>(Prisma.sql`
    select coalesce(json_agg(json_build_object(
             'id', t.id, 'workspaceId', t.workspace_id, 'amount', t.amount, 'type', t.type, 'description', t.description,
             'referenceId', t.reference_id, 'balanceAfter', t.balance_after, 'reversesId', t.reverses_id, 'holdId', t.hold_id,
             'createdBy', t.created_by, 'at', extract(epoch from t.created_at) * 1000)), '[]') as json
      from credit_transactions t
     where t.workspace_id = any(${workspaceIds}::uuid[]) and t.id = any(${ids}::uuid[])`);
  return new Map(
    rows.map(({ at, ...entry }) => [inWorkspace(entry.workspaceId, entry.id), { ...entry, createdAt: new Date(at) }]),
  );
}

/** Whether this recording is there: a transaction that was lost on its way took effect with it, or not at all. */
export async function isRecorded(tx: PointTx, workspaceIds: readonly string[], recordingId: string): Promise<boolean> {
  // A backend that lost its client may be committing still: it holds these locks until it is done.
  await lockAccounts(tx, workspaceIds);
  return tx.readJson<boolean>(Prisma.sql`
    select to_json(exists (select from audit_log where id = ${recordingId}::uuid)) as json`);
}

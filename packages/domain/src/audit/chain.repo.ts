import { Prisma, type Reader, type Tx } from '@morket/db';
import type { ChainEnd, ChainedEntry, Link } from './chain.model.ts';

/** How far the chains are built, and the clock of transactions: `fence` is the oldest that may still be open, `next` has not begun. */
export type Progress = {
  readonly epoch: string | null;
  readonly txid: bigint;
  readonly entryId: string;
  readonly resumeTxid: bigint | null;
  readonly fence: bigint;
  readonly next: bigint;
};

/** Behind every entry of a transaction. */
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Whether the caller may build chains until its transaction ends; nobody else may meanwhile. */
export async function tryLockChains(tx: Tx): Promise<boolean> {
  const [row] = await tx.$queryRaw<{ locked: boolean }[]>`
    select pg_try_advisory_xact_lock(hashtextextended('audit_chain', 0)) as locked`;
  return row?.locked === true;
}

/** Names the cluster whose transactions are counted; where a role may not ask for it, every cluster has the same name. */
export async function readEpoch(reader: Reader): Promise<string> {
  const [right] = await reader.$queryRaw<{ granted: boolean }[]>`
    select has_function_privilege('pg_catalog.pg_control_system()', 'execute') as granted`;
  if (!right?.granted) return 'unknown';
  const [row] = await reader.$queryRaw<
    { epoch: string }[]
  >`select system_identifier::text as epoch from pg_control_system()`;
  return row?.epoch ?? 'unknown';
}

export async function readProgress(reader: Reader): Promise<Progress> {
  type Row = Record<'txid' | 'fence' | 'next', string> &
    Pick<Progress, 'epoch' | 'entryId'> & { resumeTxid: string | null };
  const [row] = await reader.$queryRaw<Row[]>`
    select p.epoch, p.txid::text, p.entry_id::text as "entryId", p.resume_txid::text as "resumeTxid",
           pg_snapshot_xmin(s)::text as fence, pg_snapshot_xmax(s)::text as next
      from audit_progress p, pg_current_snapshot() s`;
  if (!row) throw new Error('The migration made the one row of audit_progress; it is gone.');
  const { epoch, entryId, txid, resumeTxid, fence, next } = row;
  const resume = resumeTxid === null ? null : BigInt(resumeTxid);
  return { epoch, entryId, txid: BigInt(txid), resumeTxid: resume, fence: BigInt(fence), next: BigInt(next) };
}

const ENTRY = Prisma.sql`
  e.id::text, e.workspace_id::text as "workspaceId", e.actor_id::text as "actorId", e.impersonator_id::text as "impersonatorId",
  e.api_key_id::text as "apiKeyId", e.action, e.entity_type as "entityType", e.entity_id as "entityId", e.changes::text as changes,
  e.request_id::text as "requestId", e.created_at as "createdAt", e.txid::text as txid`;

/**
 * The next entries without a link, in the order of their transactions. All older transactions have ended, so that nothing comes before
 * them any more. What bears a number that is not given out yet came by a restore from another cluster, and is as final.
 */
export function readUnlinked(tx: Tx, { txid, entryId, fence, next, resumeTxid }: Progress, limit: number) {
  const restored = resumeTxid === null ? Prisma.sql`false` : Prisma.sql`e.txid >= ${String(next)}::xid8`;
  return tx.$queryRaw<ChainedEntry[]>`
    select ${ENTRY} from audit_log e
     where e.workspace_id is not null and (e.txid, e.id) > (${String(txid)}::xid8, ${entryId}::uuid)
       and (e.txid < ${String(fence)}::xid8 or ${restored})
       and not exists (select from audit_links l where l.workspace_id = e.workspace_id and l.entry_id = e.id)
     order by e.txid, e.id limit ${limit}`;
}

/**
 * Where the chains of these workspaces end; the lock on building them keeps it true. No row is locked: from its first lock or write on a
 * transaction holds back everybody who reads behind the fence, and most of the work comes before.
 */
export async function readEnds(tx: Tx, workspaceIds: readonly string[]): Promise<ReadonlyMap<string, ChainEnd>> {
  const rows = await tx.$queryRaw<(ChainEnd & { readonly workspaceId: string })[]>`
    select workspace_id::text as "workspaceId", seq, encode(head_hash, 'hex') as hash
      from audit_chains where workspace_id = any (${workspaceIds}::uuid[])`;
  return new Map(rows.map(({ workspaceId, seq, hash }) => [workspaceId, { seq, hash }]));
}

const asJson = (links: readonly Link[]) =>
  JSON.stringify(
    links.map(({ workspaceId, seq, entryId, hash }) => ({ w: workspaceId, s: Number(seq), e: entryId, h: hash })),
  );

export async function insertLinks(tx: Tx, links: readonly Link[], ends: readonly Link[]): Promise<void> {
  await tx.$executeRaw`
    insert into audit_chains (workspace_id, seq, head_hash)
    select w, s, decode(h, 'hex') from json_to_recordset(${asJson(ends)}::json) as x (w uuid, s bigint, h text)
    on conflict (workspace_id) do update set seq = excluded.seq, head_hash = excluded.head_hash`;
  await tx.$executeRaw`
    insert into audit_links (workspace_id, seq, entry_id, hash)
    select w, s, e, decode(h, 'hex') from json_to_recordset(${asJson(links)}::json) as x (w uuid, s bigint, e uuid, h text)`;
}

type Place = Pick<Progress, 'txid' | 'entryId' | 'resumeTxid'> & { readonly epoch: string };

export async function saveProgress(tx: Tx, { epoch, txid, entryId, resumeTxid }: Place): Promise<void> {
  await tx.$executeRaw`
    update audit_progress
       set epoch = ${epoch}, txid = ${String(txid)}::xid8, entry_id = ${entryId}::uuid,
           resume_txid = ${resumeTxid === null ? null : String(resumeTxid)}::xid8`;
}

/** Before the first entry of all; `resumeTxid` is where it goes on once all have been gone through. */
export const beginning = ({ fence }: Progress) => ({ txid: 0n, entryId: FIRST_ID, resumeTxid: fence - 1n });

/** Behind every transaction up to and with this one. */
export const behindTransaction = (txid: bigint) => ({ txid, entryId: LAST_ID, resumeTxid: null });

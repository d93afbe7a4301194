import type { Reader } from '@morket/db';
import type { ChainEnd, ChainedEntry } from './chain.model.ts';
import { readEpoch } from './chain.repo.ts';
import type { StoredLink } from './verify.model.ts';

export type ChainSnapshot = {
  readonly anchor: ChainEnd;
  readonly head: ChainEnd;
  /** The last link there is; that of the anchor where retention has left none. */
  readonly lastSeq: bigint;
  /** Entries that have no link yet. */
  readonly waiting: number;
  /** The first entry without a link among those whose turn has passed. */
  readonly inserted: string | null;
};

type Row = Omit<ChainSnapshot, 'anchor' | 'head'> & {
  readonly anchorSeq: bigint;
  readonly anchorHash: string | null;
  readonly seq: bigint;
  readonly headHash: string | null;
};

/** What a chain says of itself, as of one instant. Null where there is no such workspace. */
export async function readChain(reader: Reader, workspaceId: string): Promise<ChainSnapshot | null> {
  const epoch = await readEpoch(reader);
  const [row] = await reader.$queryRaw<Row[]>`
    select coalesce(c.anchor_seq, 0) as "anchorSeq", encode(c.anchor_hash, 'hex') as "anchorHash", coalesce(c.seq, 0) as seq,
           encode(c.head_hash, 'hex') as "headHash", n.waiting, n.inserted,
           coalesce((select max(seq) from audit_links l where l.workspace_id = w.id), c.anchor_seq, 0) as "lastSeq"
      from workspaces w
      left join audit_chains c on c.workspace_id = w.id
      cross join lateral (
        select count(*) filter (where not has_passed)::int as waiting,
               (array_agg(id::text order by created_at, id) filter (where has_passed))[1] as inserted
          from (select e.id, e.created_at,
                       p.epoch = ${epoch} and p.resume_txid is null and p.txid < pg_snapshot_xmax(pg_current_snapshot())
                       and (e.txid, e.id) <= (p.txid, p.entry_id) as has_passed
                  from audit_log e, audit_progress p
                 where e.workspace_id = w.id
                   and not exists (select from audit_links l where l.workspace_id = w.id and l.entry_id = e.id)) unlinked) n
     where w.id = ${workspaceId}::uuid`;
  if (!row) return null;
  const { anchorSeq, anchorHash, seq, headHash, lastSeq, waiting, inserted } = row;
  const [anchor, head] = [
    { seq: anchorSeq, hash: anchorHash },
    { seq, hash: headHash },
  ];
  return { anchor, head, lastSeq, waiting, inserted };
}

type LinkRow = Omit<ChainedEntry, 'id'> & { readonly id: string | null } & Omit<StoredLink, 'entry'>;

/** The next links after `after`, up to and with `until`, with their entries. */
export async function readLinks(
  reader: Reader,
  workspaceId: string,
  range: { readonly after: bigint; readonly until: bigint; readonly limit: number },
): Promise<StoredLink[]> {
  const rows = await reader.$queryRaw<LinkRow[]>`
    select l.seq, l.entry_id::text as "entryId", encode(l.hash, 'hex') as hash,
           e.id::text, e.workspace_id::text as "workspaceId", e.actor_id::text as "actorId",
           e.impersonator_id::text as "impersonatorId", e.api_key_id::text as "apiKeyId", e.action, e.entity_type as "entityType",
           e.entity_id as "entityId", e.changes::text as changes, e.request_id::text as "requestId", e.created_at as "createdAt",
           e.txid::text as txid
      from audit_links l left join audit_log e on e.id = l.entry_id
     where l.workspace_id = ${workspaceId}::uuid and l.seq > ${range.after} and l.seq <= ${range.until}
     order by l.seq limit ${range.limit}`;
  return rows.map(({ seq, entryId, hash, id, ...entry }) => ({
    seq,
    entryId,
    hash,
    entry: id === null ? null : { id, ...entry },
  }));
}

/** The next workspaces after `after`, by id, deleted ones too. */
export async function listWorkspaceIds(reader: Reader, after: string | null, limit: number): Promise<string[]> {
  const rows = await reader.workspace.findMany({
    where: after === null ? {} : { id: { gt: after } },
    orderBy: { id: 'asc' },
    take: limit,
    select: { id: true },
  });
  return rows.map(({ id }) => id);
}

import { hash } from 'node:crypto';

/** An audit entry with every column it has; `changes` is the text PostgreSQL writes for it, in which the order of fields is fixed. */
export type ChainedEntry = {
  readonly id: string;
  readonly workspaceId: string;
  readonly actorId: string | null;
  readonly impersonatorId: string | null;
  readonly apiKeyId: string | null;
  readonly action: string;
  readonly entityType: string;
  readonly entityId: string;
  readonly changes: string;
  readonly requestId: string | null;
  readonly createdAt: Date;
  readonly txid: string;
};

/** Where a chain ends: the number and the hash (hex) of its last link; null before the first. */
export type ChainEnd = { readonly seq: bigint; readonly hash: string | null };

export type Link = {
  readonly workspaceId: string;
  readonly seq: bigint;
  readonly entryId: string;
  readonly hash: string;
};

/**
 * SHA-256, in hex, over an entry, its place, and the hash of the link before it: whoever changes, removes or moves an entry breaks every
 * link behind it.
 */
export function linkHash(previous: string | null, seq: bigint, entry: ChainedEntry): string {
  const { id, workspaceId, actorId, impersonatorId, apiKeyId, action, entityType, entityId, changes, requestId } =
    entry;
  const who = [actorId, impersonatorId, apiKeyId, requestId];
  const what = [action, entityType, entityId, changes];
  const fields = [previous, seq.toString(), workspaceId, id, ...who, ...what, entry.createdAt.getTime(), entry.txid];
  return hash('sha256', JSON.stringify(fields), 'hex');
}

/** The links of entries in their order, each at the end of the chain of its workspace; and where the chains end then. */
export function extendChains(
  ends: ReadonlyMap<string, ChainEnd>,
  entries: readonly ChainedEntry[],
): { readonly links: readonly Link[]; readonly ends: ReadonlyMap<string, Link> } {
  const newEnds = new Map<string, Link>();
  const links = entries.map((entry) => {
    const { workspaceId, id } = entry;
    const end: ChainEnd = newEnds.get(workspaceId) ?? ends.get(workspaceId) ?? { seq: 0n, hash: null };
    const seq = end.seq + 1n;
    const link = { workspaceId, seq, entryId: id, hash: linkHash(end.hash, seq, entry) };
    newEnds.set(workspaceId, link);
    return link;
  });
  return { links, ends: newEnds };
}

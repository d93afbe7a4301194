import type { AuditDivergence } from '@morket/contract/audit';
import { type ChainEnd, type ChainedEntry, linkHash } from './chain.model.ts';

/** A link as it is stored, with the entry it names; null where that is gone. */
export type StoredLink = {
  readonly seq: bigint;
  readonly entryId: string;
  readonly hash: string;
  readonly entry: ChainedEntry | null;
};

/** Goes along a chain behind `anchor`, the last link that retention removed, and finds the first thing that is not as it was written. */
export function createChainWalk(anchor: ChainEnd) {
  let end: ChainEnd = anchor;

  /** The divergence that the next link shows; null where it follows from all before it. */
  function read({ seq, entryId, hash, entry }: StoredLink): AuditDivergence | null {
    if (seq !== end.seq + 1n) {
      return { check: 'sequence', message: `link ${end.seq + 1n} is missing: ${seq} comes next`, entryId: null };
    }
    if (!entry) return { check: 'missing', message: `entry ${seq} is gone`, entryId };
    if (hash !== linkHash(end.hash, seq, entry)) {
      return { check: 'hash', message: `entry ${seq} is not what was written, or an entry before it is not`, entryId };
    }
    end = { seq, hash };
    return null;
  }

  /** Whether the chain ends where it says it does. */
  function compare(head: ChainEnd, lastSeq: bigint): AuditDivergence | null {
    const differs = (message: string): AuditDivergence => ({ check: 'head', message, entryId: null });
    if (lastSeq > head.seq) return differs(`the chain ends at link ${head.seq}, and there is a link ${lastSeq}`);
    if (end.seq !== head.seq) return differs(`the chain ends at link ${head.seq}, its links end at ${end.seq}`);
    return end.hash === head.hash ? null : differs('the chain knows another last link than there is');
  }

  return { read, compare, end: () => end };
}

import type { Db, Tx } from '@morket/db';
import { extendChains } from './chain.model.ts';
import * as repo from './chain.repo.ts';

const BATCH = 1_000;

/**
 * Builds the chains of hashes over the audit log, from committed rows alone and outside of every business transaction, which would queue on
 * the end of the chain. Several processes may run it: one of them works at a time.
 */
export function createAuditChainer({ db, batch = BATCH }: { readonly db: Db; readonly batch?: number }) {
  async function extend(tx: Tx): Promise<number> {
    if (!(await repo.tryLockChains(tx))) return 0;
    const epoch = await repo.readEpoch(tx);
    const stored = await repo.readProgress(tx);
    // In another cluster transactions are counted anew: an older place would pass over what is written from now on.
    const isElsewhere = stored.epoch !== epoch || (stored.resumeTxid === null && stored.txid >= stored.next);
    const progress = isElsewhere ? { ...stored, ...repo.beginning(stored) } : stored;
    const entries = await repo.readUnlinked(tx, progress, batch);
    if (entries.length > 0) {
      const workspaceIds = [...new Set(entries.map(({ workspaceId }) => workspaceId))];
      const { links, ends } = extendChains(await repo.readEnds(tx, workspaceIds), entries);
      await repo.insertLinks(tx, links, [...ends.values()]);
    }
    const last = entries.at(-1);
    const { resumeTxid } = progress;
    if (last && (resumeTxid === null || entries.length === batch)) {
      await repo.saveProgress(tx, { epoch, txid: BigInt(last.txid), entryId: last.id, resumeTxid });
    } else if (resumeTxid !== null) await repo.saveProgress(tx, { epoch, ...repo.behindTransaction(resumeTxid) });
    return entries.length;
  }

  /** Links what has been committed, and returns how many entries that were. */
  async function run(signal?: AbortSignal): Promise<number> {
    let linked = 0;
    for (;;) {
      // no record: the chain is made of records.
      const count = await db.transaction(extend);
      linked += count;
      if (count < batch || signal?.aborted) return linked;
    }
  }

  return { run };
}

export type AuditChainer = ReturnType<typeof createAuditChainer>;

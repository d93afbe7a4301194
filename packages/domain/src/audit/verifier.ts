import type { AuditDivergence, AuditVerification } from '@morket/contract/audit';
import { Unavailable } from '@morket/contract/errors';
import type { Db } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import { createChainWalk } from './verify.model.ts';
import * as repo from './verify.repo.ts';

const PAGE = 2_000;
const RETRY_AFTER_SECONDS = 5;
const WORKSPACES_AT_ONCE = 500;
/** Retention may remove what is being read; it does so once a day at most. */
const MAX_TRIES = 3;

/** Holds the audit log against its chain of hashes. Changes nothing. */
export function createAuditVerifier({ db }: { readonly db: Db }) {
  let isVerifying = false;

  async function walk(workspaceId: string, chain: repo.ChainSnapshot, signal?: AbortSignal) {
    const steps = createChainWalk(chain.anchor);
    let divergence: AuditDivergence | null = null;
    while (divergence === null && steps.end().seq < chain.head.seq) {
      const range = { after: steps.end().seq, until: chain.head.seq, limit: PAGE };
      const links = await repo.readLinks(db.read, workspaceId, range);
      signal?.throwIfAborted();
      for (const link of links) divergence ??= steps.read(link);
      if (links.length < PAGE) break;
    }
    return { end: steps.end(), divergence: divergence ?? steps.compare(chain.head, chain.lastSeq) };
  }

  /** Null when there is no such workspace. What is written meanwhile is left to the next verification. */
  async function verifyWorkspace(workspaceId: string, signal?: AbortSignal): Promise<AuditVerification | null> {
    for (let attempt = 1; ; attempt += 1) {
      const chain = await repo.readChain(db.read, workspaceId);
      if (!chain) return null;
      const { anchor, head, inserted, waiting } = chain;
      const found = await walk(workspaceId, chain, signal);
      if (found.divergence && attempt < MAX_TRIES) {
        const now = await repo.readChain(db.read, workspaceId);
        if (now?.anchor.seq !== anchor.seq) continue;
      }
      const stray: AuditDivergence | null =
        inserted === null
          ? null
          : { check: 'inserted', message: 'an entry stands outside of the chain', entryId: inserted };
      const divergence = found.divergence ?? stray;
      return {
        ...{ workspaceId, intact: divergence === null, waiting, headHash: head.hash, divergence },
        ...{ entries: Number(found.end.seq - anchor.seq), prunedEntries: Number(anchor.seq) },
      };
    }
  }

  /** One at a time in a process: it reads a whole history. Throws `server.unavailable` meanwhile. */
  async function verify(scope: WorkspaceScope, signal?: AbortSignal): Promise<AuditVerification> {
    if (isVerifying) throw Unavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS });
    isVerifying = true;
    const report = await verifyWorkspace(scope.workspaceId, signal).finally(() => {
      isVerifying = false;
    });
    if (!report) throw new Error('Authorizing found this workspace a moment ago, and workspaces are never removed.');
    return report;
  }

  /** Every workspace, deleted ones too, one after the other. */
  async function* verifyAll(): AsyncGenerator<AuditVerification> {
    let after: string | null = null;
    for (;;) {
      const workspaceIds: string[] = await repo.listWorkspaceIds(db.read, after, WORKSPACES_AT_ONCE);
      for (const workspaceId of workspaceIds) {
        const report = await verifyWorkspace(workspaceId);
        if (report) yield report;
        after = workspaceId;
      }
      if (workspaceIds.length < WORKSPACES_AT_ONCE) return;
    }
  }

  return { verify, verifyWorkspace, verifyAll };
}

export type AuditVerifier = ReturnType<typeof createAuditVerifier>;

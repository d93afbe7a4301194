import type { LedgerVerification } from '@morket/contract/billing';
import { Unavailable } from '@morket/contract/errors';
import type { Db } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import { createVerification } from './verify.model.ts';
import * as repo from './verify.repo.ts';

const PAGE = 2_000;
const RETRY_AFTER_SECONDS = 5;
const ACCOUNTS_AT_ONCE = 500;

/** Derives balances, holds and grants from the ledger anew and holds them against what the accounts say. Changes nothing. */
export function createLedgerAudit({ db }: { readonly db: Db }) {
  let isVerifying = false;

  /** Null when there is no such account. Movements that happen meanwhile are left to the next verification. */
  async function verifyWorkspace(workspaceId: string, signal?: AbortSignal): Promise<LedgerVerification | null> {
    const snapshot = await repo.readSnapshot(db.read, workspaceId);
    if (!snapshot) return null;
    const { account, grants, openHolds } = snapshot;
    const openGrants = grants.filter(({ remaining }) => remaining > 0n).length;
    const verification = createVerification();
    const report = (divergence: LedgerVerification['divergence']): LedgerVerification => ({
      ...{ workspaceId, intact: divergence === null, entries: verification.entries(), openHolds, divergence },
      ...{ balance: Number(account.balance), held: Number(account.held), openGrants },
      headHash: verification.headHash(),
    });
    let after = 0n;
    for (;;) {
      const rows = await repo.readEntries(db.read, workspaceId, { after, until: account.seq, limit: PAGE });
      signal?.throwIfAborted();
      for (const row of rows) {
        const divergence = verification.read(row);
        if (divergence) return report(divergence);
        after = row.seq;
      }
      if (rows.length < PAGE) return report(verification.compare(snapshot));
    }
  }

  /** One at a time in a process: it reads a whole history. Throws `server.unavailable` meanwhile. */
  async function verify(scope: WorkspaceScope, signal?: AbortSignal): Promise<LedgerVerification> {
    if (isVerifying) throw Unavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS });
    isVerifying = true;
    const report = await verifyWorkspace(scope.workspaceId, signal).finally(() => {
      isVerifying = false;
    });
    if (!report) throw new Error('A workspace is created together with its billing account; this one has none.');
    return report;
  }

  /** Every account, closed ones too, one after the other. */
  async function* verifyAll(): AsyncGenerator<LedgerVerification> {
    let after: string | null = null;
    for (;;) {
      const workspaceIds: string[] = await repo.listAccounts(db.read, after, ACCOUNTS_AT_ONCE);
      for (const workspaceId of workspaceIds) {
        const report = await verifyWorkspace(workspaceId);
        if (report) yield report;
        after = workspaceId;
      }
      if (workspaceIds.length < ACCOUNTS_AT_ONCE) return;
    }
  }

  return { verify, verifyWorkspace, verifyAll };
}

export type LedgerAudit = ReturnType<typeof createLedgerAudit>;

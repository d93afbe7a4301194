import type { PlanType } from '@morket/contract/billing';
import { PLANS } from '@morket/contract/plan';
import type { Db } from '@morket/db';
import * as retention from './retention.repo.ts';
import { createChainWalk } from './verify.model.ts';
import * as repo from './verify.repo.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const LINKS_AT_ONCE = 2_000;
const WORKSPACES_AT_ONCE = 100;

type Deps = {
  readonly db: Db;
  /** Hears of a workspace whose log is not what was written: nothing of it is removed. */
  readonly onDivergence: (workspaceId: string, message: string) => void;
};

/**
 * Removes what is older than the plan keeps it: the beginning of a chain, whose last hash stays as the anchor of the rest. What is about to
 * go is held against the chain first, so that no trace of a forgery goes with it.
 */
export function createAuditRetention({ db, onDivergence }: Deps) {
  /** One step; returns the number of removed entries, 0 when nothing old is left. */
  async function pruneSome(workspaceId: string, before: Date): Promise<number> {
    const chain = await repo.readChain(db.read, workspaceId);
    if (!chain) return 0;
    const range = { after: chain.anchor.seq, until: chain.head.seq, limit: LINKS_AT_ONCE };
    const links = await repo.readLinks(db.read, workspaceId, range);
    const walk = createChainWalk(chain.anchor);
    for (const link of links) {
      if (link.entry && link.entry.createdAt >= before) break;
      const divergence = walk.read(link);
      if (!divergence) continue;
      onDivergence(workspaceId, divergence.message);
      break;
    }
    const through = walk.end().seq;
    if (through === chain.anchor.seq) return 0;
    // no record: it would be the next one to go. The chain keeps when it was, and how much went.
    return db.transaction((tx) => retention.prune(tx, workspaceId, through, before));
  }

  async function pruneWorkspace(workspaceId: string, before: Date, signal?: AbortSignal): Promise<number> {
    let removed = 0;
    for (;;) {
      const step = await pruneSome(workspaceId, before);
      removed += step;
      if (step === 0 || signal?.aborted) return removed;
    }
  }

  async function prunePlan(planType: PlanType, before: Date, signal?: AbortSignal): Promise<number> {
    let removed = 0;
    let after: string | null = null;
    while (!signal?.aborted) {
      const wanted = { planType, before, after, limit: WORKSPACES_AT_ONCE };
      const workspaceIds: string[] = await retention.listOverdue(db.read, wanted);
      for (const workspaceId of workspaceIds) {
        removed += await pruneWorkspace(workspaceId, before, signal);
        after = workspaceId;
      }
      if (workspaceIds.length < WORKSPACES_AT_ONCE) break;
    }
    return removed;
  }

  /** Prunes every workspace by its plan as of `now`, and returns how many entries went. */
  async function run(now: Date, signal?: AbortSignal): Promise<number> {
    let removed = 0;
    for (const [planType, { auditRetentionDays }] of Object.entries(PLANS)) {
      const before = new Date(now.getTime() - auditRetentionDays * DAY_MS);
      removed += await prunePlan(planType as PlanType, before, signal); // Object.entries forgets the names
    }
    return removed;
  }

  return { run };
}

export type AuditRetention = ReturnType<typeof createAuditRetention>;

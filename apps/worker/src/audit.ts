import { createAuditChainer, createAuditRetention } from '@morket/domain/audit';
import type { WorkerDeps } from './compose.ts';
import type { Loop } from './loop.ts';
import { repeating } from './repeating.ts';

const CHAIN_EVERY_MS = 2_000;
const PRUNE_EVERY_MS = 60 * 60 * 1_000;

/** Puts what has been committed into the chains of hashes, and removes what is older than the plan keeps. */
export function auditLoops({ db, log }: Pick<WorkerDeps, 'db' | 'log'>): readonly Loop[] {
  const chainer = createAuditChainer({ db });
  const retention = createAuditRetention({
    db,
    onDivergence: (workspaceId, message) =>
      log.error({ workspaceId }, `the audit log is not what was written: ${message}`),
  });
  const loop = (name: string, everyMs: number, work: (signal: AbortSignal) => Promise<number>): Loop =>
    repeating(
      name,
      everyMs,
      async (signal) => {
        const entries = await work(signal);
        if (entries > 0) log.debug({ entries }, name);
      },
      log,
    );
  return [
    loop('audit chain', CHAIN_EVERY_MS, chainer.run),
    loop('audit retention', PRUNE_EVERY_MS, (signal) => retention.run(new Date(), signal)),
  ];
}

import { JobPayloadInvalid, JobTimedOut } from '@morket/contract/job';
import type { Db } from '@morket/db';
import { fromPrisma, type PgBoss } from 'pg-boss';
import { type Claim, complete, GiveUp, isCompletedByHandler, JobLost } from '../job/index.ts';
import { publicErrorOf } from './public-error.ts';
import * as repo from './run.repo.ts';

/** How an attempt ended. `lost`: it was cancelled or taken over, and nothing of it may take effect. */
export type Outcome = 'succeeded' | 'failed' | 'handed_back' | 'lost';

/** Why an attempt is aborted. */
export class Stopping extends Error {}

/** How long a handler may take to notice that it was aborted. */
const ABORT_GRACE_MS = 3_000;

export type AttemptDeps = { readonly db: Db; readonly boss: PgBoss; onError(err: unknown, claim: Claim): void };

type Attempt = {
  readonly claim: Claim;
  readonly timeoutSeconds: number;
  readonly abort: AbortController;
  handle(signal: AbortSignal): Promise<void>;
};

/** Runs a handler to its end, and writes down what came of it. Never rejects. */
export async function attemptJob(deps: AttemptDeps, attempt: Attempt): Promise<Outcome> {
  const { db, onError } = deps;
  const { claim, timeoutSeconds, abort } = attempt;
  const timer = setTimeout(() => abort.abort(JobTimedOut({ timeoutSeconds })), timeoutSeconds * 1_000);
  try {
    await untilAborted(attempt.handle(abort.signal), abort.signal);
    // Should its commit have failed without the handler saying so, the job is missed, and begins anew.
    if (isCompletedByHandler(claim)) return 'succeeded';
    return (await complete(db.read, claim)) ? 'succeeded' : 'lost';
  } catch (err) {
    return await settle(deps, attempt, err).catch((failure: unknown) => {
      // The job stays ours until it is missed: then another worker takes it up.
      onError(failure, claim);
      return 'lost';
    });
  } finally {
    clearTimeout(timer);
  }
}

/** What `work` comes to; once aborted, it has a moment left to end by itself. */
async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const abandoned = new Promise<never>((_resolve, reject) => {
    const onAbort = () => {
      timer = setTimeout(() => reject(signal.reason), ABORT_GRACE_MS);
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
  });
  await Promise.race([work, abandoned]).finally(() => clearTimeout(timer));
}

async function settle({ db, boss, onError }: AttemptDeps, { claim, abort }: Attempt, err: unknown): Promise<Outcome> {
  const { reason } = abort.signal;
  if (err instanceof JobLost || reason instanceof JobLost) return 'lost';
  if (reason instanceof Stopping) {
    await repo.handBack(db, claim);
    return 'handed_back';
  }
  // A handler that was aborted says so in words of its own; why it was aborted says more.
  const cause = abort.signal.aborted ? reason : err;
  onError(cause, claim);
  const isFinal = cause instanceof GiveUp || JobPayloadInvalid.is(cause);
  // no record: a workspace is told of a job that has failed for good, not of an attempt.
  return db.transaction(async (tx) => {
    if (!(await repo.hold(tx, claim))) return 'lost';
    if (isFinal) await repo.forgoRetries(tx, claim);
    const error = publicErrorOf(cause);
    await boss.fail(claim.kind, claim.id, error, { db: fromPrisma(tx) });
    await repo.tellFailure(tx, claim, error);
    return 'failed';
  });
}

import { IdempotencyInProgress, IdempotencyMismatch, Unavailable } from '@morket/contract/errors';
import { CommitUnknown, type Db, type Tx } from '@morket/db';
import type { Acting, Intent } from '../access/index.ts';
import * as repo from './request-answer.repo.ts';

const RETRY_AFTER_SECONDS = 1;
const MAX_TRIES = 3;

type Options<T> = {
  /** The answer as it is kept, without the secrets that are shown once: a replay gives this form. */
  readonly keep?: (answer: T) => T;
};

/** What a transaction came to; `txid` is the one that brought the effect about. */
type Outcome<T> = { readonly answer: T; readonly txid: string; readonly isReplay: boolean };

/** A twin has committed between our look and our lock, and left our work to do. */
class Overtaken extends Error {}

const isIntended = <Scope extends Acting>(scope: Scope): scope is Scope & { readonly intent: Intent } =>
  scope.intent !== undefined;

function replay<T>(kept: repo.KeptAnswer, { key, fingerprint }: Intent): Outcome<T> {
  if (Buffer.compare(kept.fingerprint, fingerprint) !== 0) throw IdempotencyMismatch({ idempotencyKey: key });
  // The same verb has written it: the procedure is part of what it is found under.
  return { answer: kept.answer as T, txid: kept.txid, isReplay: true };
}

/** Notes on the intent what became of it. */
function conclude<T>(intent: Intent, { answer, isReplay }: Outcome<T>): T {
  intent.isAnswered = true;
  intent.isReplayed = isReplay;
  return answer;
}

/**
 * Runs the transaction of a verb. Where the caller gave an idempotency key, `work` takes effect once: its answer is kept in the same
 * transaction, and whoever sends the same again gets that. Throws `idempotency.in_progress` while a twin is at work and
 * `idempotency.mismatch` when the key came with another input before. When `work` throws, nothing is kept. On a replay `work` does not
 * run, so what is to be done outside the database after it asks `isReplay` first.
 */
export async function once<T>(
  db: Db,
  scope: Acting,
  work: (tx: Tx) => Promise<T>,
  options: Options<T> = {},
): Promise<T> {
  // no record: that is the business of `work`.
  if (!isIntended(scope)) return db.transaction(work);
  const { intent } = scope;
  // The second would take the answer of the first for its own.
  if (intent.isAnswered) throw new Error(`${intent.procedure} opens two transactions under one idempotency key.`);
  return conclude(intent, await settle(db, scope, work, options.keep ?? ((answer) => answer)));
}

/** The answer that was given to this call before; null for none. For verbs with work outside the database before their transaction. */
export async function findReplay<T>(db: Db, scope: Acting): Promise<{ readonly answer: T } | null> {
  if (!isIntended(scope)) return null;
  const kept = await repo.findAnswer(db.read, repo.answerId(scope));
  return kept && { answer: conclude(scope.intent, replay<T>(kept, scope.intent)) };
}

/** Whether this call has been given an answer of before. */
export const isReplay = ({ intent }: Acting): boolean => intent?.isReplayed === true;

async function settle<T>(
  db: Db,
  scope: repo.Intended,
  work: (tx: Tx) => Promise<T>,
  keep: (answer: T) => T,
): Promise<Outcome<T>> {
  const { intent } = scope;
  const id = repo.answerId(scope);
  /** Of the transaction whose COMMIT nobody answered. */
  let lost: Outcome<T> | null = null;

  /** What is kept, unless this very call has brought it about. */
  const settled = (kept: repo.KeptAnswer) => (lost && kept.txid === lost.txid ? lost : replay<T>(kept, intent));

  async function attempt(tx: Tx): Promise<Outcome<T>> {
    // A backend that is still committing holds the lock; once it is gone, its row is there or will never be.
    if (lost) await repo.waitFor(tx, id);
    const kept = await repo.enter(tx, id);
    if (kept === 'held') throw IdempotencyInProgress({ retryAfterSeconds: RETRY_AFTER_SECONDS });
    if (kept) return settled(kept);
    const answer = await work(tx);
    const txid = await repo.keepAnswer(tx, id, { fingerprint: intent.fingerprint, answer: keep(answer) });
    if (txid === null) throw new Overtaken();
    return { answer, txid, isReplay: false };
  }

  for (let tries = 1; ; tries += 1) {
    let last: Outcome<T> | null = null;
    try {
      // no record: that is the business of `work`.
      return await db.transaction(async (tx) => {
        last = await attempt(tx);
        return last;
      });
    } catch (err) {
      if (!(err instanceof CommitUnknown || err instanceof Overtaken)) {
        // A twin that committed between our look and our lock: `work` has failed on what it brought about.
        const kept = await repo.findAnswer(db.read, id).catch(() => null);
        if (!kept) throw err;
        return settled(kept);
      }
      // Under its key the caller may come again, and finds out.
      if (tries === MAX_TRIES) throw Unavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS }, err);
      if (err instanceof CommitUnknown) lost = last ?? lost;
    }
  }
}

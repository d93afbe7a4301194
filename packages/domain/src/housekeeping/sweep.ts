import type { Db } from '@morket/db';

/** How many rows each table lost. */
export type Swept = {
  readonly rateLimits: number;
  readonly sessions: number;
  readonly requestAnswers: number;
  readonly notifications: number;
};

/** So many rows go at once: a busy day leaves millions. */
const BATCH = 10_000;

/** `remove` deletes up to so many rows and says how many went. */
async function inBatches(remove: (limit: number) => Promise<number>): Promise<number> {
  for (let all = 0; ; ) {
    const gone = await remove(BATCH);
    all += gone;
    if (gone < BATCH) return all;
  }
}

const sweepRequestAnswers = (db: Db): Promise<number> =>
  inBatches(
    (limit) => db.read.$executeRaw`
      delete from request_answers where id in (
        select id from request_answers where created_at < now() - interval '1 day' order by created_at limit ${limit}::int)`,
  );

const sweepNotifications = (db: Db): Promise<number> =>
  inBatches(
    (limit) => db.read.$executeRaw`
      delete from notifications where (workspace_id, id) in (
        select workspace_id, id from notifications
         where created_at < now() - interval '365 days' or (created_at < now() - interval '90 days' and read_at is not null)
         order by created_at limit ${limit}::int)`,
  );

/**
 * Deletes what has no meaning any more: counters of past windows, sessions ended a month ago, answers kept for a repetition a day ago,
 * notifications of a year ago, and of three months ago where they were read.
 */
export async function sweep(db: Db): Promise<Swept> {
  const rateLimits = await db.read.$executeRaw`delete from rate_limits where window_start < now() - interval '1 hour'`;
  const sessions = await db.read.$executeRaw`
    delete from sessions where coalesce(revoked_at, idle_expires_at) < now() - interval '30 days'`;
  const requestAnswers = await sweepRequestAnswers(db);
  const notifications = await sweepNotifications(db);
  return { rateLimits, sessions, requestAnswers, notifications };
}

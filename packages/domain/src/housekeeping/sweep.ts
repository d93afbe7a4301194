import type { Db } from '@morket/db';

/** How many rows each table lost. */
export type Swept = { readonly rateLimits: number; readonly sessions: number };

/** Deletes what has no meaning any more: counters of past windows, sessions ended a month ago. */
export async function sweep(db: Db): Promise<Swept> {
  const rateLimits = await db.read.$executeRaw`delete from rate_limits where window_start < now() - interval '1 hour'`;
  const sessions = await db.read.$executeRaw`
    delete from sessions where coalesce(revoked_at, idle_expires_at) < now() - interval '30 days'`;
  return { rateLimits, sessions };
}

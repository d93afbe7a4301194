import type { Db } from '@morket/db';

/** How many rows each table lost. */
export type Swept = { readonly idempotencyKeys: number; readonly rateLimits: number; readonly sessions: number };

/** Deletes what has no meaning any more: kept verdicts, counters of past windows, sessions ended a month ago. */
export async function sweep(db: Db): Promise<Swept> {
  const idempotencyKeys = await db.read.$executeRaw`delete from idempotency_keys where expires_at < now()`;
  const rateLimits = await db.read.$executeRaw`delete from rate_limits where window_start < now() - interval '1 hour'`;
  const sessions = await db.read.$executeRaw`
    delete from sessions where coalesce(revoked_at, idle_expires_at) < now() - interval '30 days'`;
  return { idempotencyKeys, rateLimits, sessions };
}

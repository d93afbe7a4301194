import { type Db, sqlStateOf, type Tx } from '@morket/db';

/** What a round removed and made. */
export type Retained = {
  readonly daysDropped: number;
  /** Events of days that never had a table of their own. */
  readonly restDeleted: number;
  readonly processedDeleted: number;
};

const DAYS_AHEAD = 7;
const CHUNK = 5_000;
/** What was processed outlives its event by this much, so that a late repeat still finds it. */
const BEYOND_EVENTS_SECONDS = 86_400;
/** A new table, or one that goes, stops everybody who writes events; rather than let them queue behind it, it is left to the next round. */
const LOCK_TIMEOUT = '500ms';
const LOCK_NOT_AVAILABLE = '55P03';

/** `null` where the lock was not to be had. */
async function unlessBusy<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T | null> {
  try {
    // no record: tables of days are no state that anybody sees.
    return await db.transaction(async (tx) => {
      await tx.$queryRaw`select set_config('lock_timeout', ${LOCK_TIMEOUT}, true)`;
      return work(tx);
    });
  } catch (err) {
    if (sqlStateOf(err) === LOCK_NOT_AVAILABLE || sqlStateOf((err as { cause?: unknown }).cause) === LOCK_NOT_AVAILABLE)
      return null; // whatever was thrown may have a cause
    throw err;
  }
}

/**
 * Makes the tables of the days to come, drops those whose retention is over and in which nothing waits or is parked, and forgets what was
 * processed before that. Any number of processes may do it at once.
 */
export async function keepOutbox(
  db: Db,
  { retentionSeconds }: { readonly retentionSeconds: number },
): Promise<Retained> {
  await unlessBusy(db, (tx) => tx.$queryRaw`select make_outbox_days(${DAYS_AHEAD}::int)::text`);
  let daysDropped = 0;
  for (let day: string | null = ''; day !== null; ) {
    day = await unlessBusy(db, async (tx) => {
      const [row] = await tx.$queryRaw<{ day: string | null }[]>`
        select drop_outbox_day(${retentionSeconds}::float8 * interval '1 second') as day`;
      return row?.day ?? null;
    });
    if (day !== null) daysDropped += 1;
  }
  const restDeleted = await inChunks(
    () => db.read.$executeRaw`
      delete from outbox_days.rest where ctid in (
        select ctid from outbox_days.rest
         where published_at is not null and created_at < clock_timestamp() - ${retentionSeconds}::float8 * interval '1 second' limit ${CHUNK})`,
  );
  const processedDeleted = await inChunks(
    () => db.read.$executeRaw`
      delete from processed_events where (consumer, event_id) in (
        select consumer, event_id from processed_events
         where processed_at < clock_timestamp() - ${retentionSeconds + BEYOND_EVENTS_SECONDS}::float8 * interval '1 second'
         order by processed_at limit ${CHUNK})`,
  );
  return { daysDropped, restDeleted, processedDeleted };
}

/** Short statements, as many as it takes: a long one would hold its locks and its snapshot all the time. */
async function inChunks(deleteSome: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let deleted = CHUNK; deleted === CHUNK; total += deleted) deleted = await deleteSome();
  return total;
}

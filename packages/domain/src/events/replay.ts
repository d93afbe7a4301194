import { type Db, Prisma, type Tx } from '@morket/db';
import type { Consumer } from './consumer.ts';
import { seizeConsumer } from './delivery.repo.ts';
import { EVENT_COLUMNS } from './event-json.ts';

/** Events that one transaction looks at. */
const CHUNK = 2_000;
/** For all of them: nobody waits for it, and each of them is short. */
const LONGEST_MS = 24 * 3_600_000;

/** How far it has come: the key of the outbox, as text so that nothing of it is lost. */
type Place = { readonly createdAt: string; readonly id: string };
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** `last` is null where it was not full: what comes later finds the consumer's queue by itself, and is not run after. */
type Chunk = { readonly last: Place | null; readonly count: number };

/**
 * Queues once more what the consumer has been given among the next events. The first of each aggregate is due, and brings the rest with it.
 * What was processed counts whether or not its mark has come by now: it is not delivered again.
 */
async function queueChunk(
  tx: Tx,
  { name, events }: Pick<Consumer, 'name' | 'events'>,
  after: Place,
  limit: number,
): Promise<Chunk> {
  const names = events === 'all' ? null : [...events];
  const [row] = await tx.$queryRaw<{ createdAt: string | null; id: string | null; count: number }[]>(Prisma.sql`
    with looked as materialized (
      select * from outbox
       where created_at >= ${after.createdAt}::timestamptz and (created_at, id) > (${after.createdAt}::timestamptz, ${after.id}::uuid)
       order by created_at, id limit ${limit}::int),
    again as materialized (
      select e.*, row_number() over (partition by e."aggregateType", e."aggregateId" order by e.seq::bigint) as place
        from (select ${EVENT_COLUMNS} from looked o
               where (${names}::text[] is null or name = any (${names}::text[]))
                 and (published_at is not null
                      or exists (select from processed_events p where p.consumer = ${name} and p.event_id = o.id))) e),
    forgotten as (
      delete from processed_events p using again a where p.consumer = ${name} and p.event_id = a.id),
    queued as (
      insert into dead_letters (consumer, event_id, workspace_id, aggregate_type, aggregate_id, seq, name, event, attempts, retry_at)
      select ${name}, a.id, a."workspaceId", a."aggregateType", a."aggregateId", a.seq::bigint, a.name, to_jsonb(a) - 'place', 0,
             case when a.place = 1 then clock_timestamp() end
        from again a
      on conflict (consumer, event_id) do update set attempts = 0, error = null, retry_at = clock_timestamp()
      returning 1),
    last as (select created_at, id from looked order by created_at, id offset ${limit - 1}::int limit 1)
    select (select created_at::text from last) as "createdAt", (select id::text from last) as id,
           (select count(*)::int from queued) as count`);
  if (!row) throw new Error('A count makes one row.');
  const { createdAt, id, count } = row;
  return { last: createdAt === null || id === null ? null : { createdAt, id }, count };
}

/**
 * Lets a consumer handle once more what it asked for and was given since `since`: the events go into its own queue, in front of what comes
 * meanwhile, and workers take them up in order once all are there. `chunk` events are looked at in one transaction; ended early, it may be
 * called again. Gives the number of events. What a consumer wrote the first time is its own to remove before.
 */
export async function replayConsumer(
  db: Db,
  consumer: Pick<Consumer, 'name' | 'events'>,
  { since, chunk = CHUNK }: { readonly since: Date; readonly chunk?: number },
): Promise<number> {
  // no record: an order of the operator's, which changes nothing by itself.
  return db.transaction(
    async (hold) => {
      // Held by a transaction that writes nothing, so that nobody who reads up to the oldest writer waits for it, and that ends with this
      // process; each statement in it takes a new snapshot.
      await hold.$queryRaw`select set_config('lock_timeout', '0', true)`;
      await seizeConsumer(hold, consumer.name);
      let total = 0;
      for (let place: Place | null = { createdAt: since.toISOString(), id: FIRST_ID }; place !== null; ) {
        const after: Place = place;
        // no record: as above.
        const { last, count } = await db.transaction((tx) => queueChunk(tx, consumer, after, chunk));
        total += count;
        place = last;
        // Says that somebody is still there, and fails when the lock is gone.
        await hold.$queryRaw`select 1 as held`;
      }
      return total;
    },
    { timeoutMs: LONGEST_MS },
  );
}

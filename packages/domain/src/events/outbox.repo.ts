import type { StoredEvent } from '@morket/contract/events';
import { type PointReader, type PointTx, Prisma } from '@morket/db';
import { EVENT_COLUMNS, type EventJson, fromEventJson } from './event-json.ts';

/** The first half of the advisory lock by which relays share the queues; the second is the queue. */
const RELAY_LOCK = 1_871_402;

/** An event of a queue; `isBehind` says that an earlier one of its aggregate is parked. */
export type Claimed = {
  readonly event: StoredEvent;
  readonly partition: number;
  readonly attempts: number;
  readonly isBehind: boolean;
};

/** The queues in which something waits, looking no further back than `since`. Hops from one to the next along the index. */
export function waitingPartitions(points: PointReader, since: Date | null): Promise<number[]> {
  const from = since === null ? '-infinity' : since.toISOString();
  return points.readJson(Prisma.sql`
    with recursive waiting as (
      (select partition from outbox
        where published_at is null and parked_at is null and created_at >= ${from}::timestamptz
        order by partition limit 1)
      union all
      select (select o.partition from outbox o
               where o.published_at is null and o.parked_at is null and o.created_at >= ${from}::timestamptz and o.partition > w.partition
               order by o.partition limit 1)
        from waiting w where w.partition is not null)
    select coalesce(json_agg(partition), '[]') as json from waiting where partition is not null`);
}

/** Those of the queues that are ours until the transaction ends. What they hold is read by a later statement, whose snapshot is younger. */
export function tryHold(tx: PointTx, partitions: readonly number[]): Promise<number[]> {
  return tx.readJson(Prisma.sql`
    select coalesce(json_agg(p), '[]') as json from unnest(${partitions}::int[]) p where pg_try_advisory_xact_lock(${RELAY_LOCK}::int, p)`);
}

/** The first `limit` events that wait in each of the queues, in order. */
export async function claim(tx: PointTx, partitions: readonly number[], limit: number): Promise<Claimed[]> {
  type Row = EventJson & Pick<Claimed, 'partition' | 'attempts' | 'isBehind'>;
  const rows = await tx.readJson<Row[]>(Prisma.sql`
    with parked as materialized (
      select distinct aggregate_type, aggregate_id from outbox
       where partition = any (${partitions}::smallint[]) and published_at is null and parked_at is not null)
    select coalesce(json_agg(e), '[]') as json from unnest(${partitions}::smallint[]) p cross join lateral (
      select ${EVENT_COLUMNS}, partition, attempts, (aggregate_type, aggregate_id) in (select * from parked) as "isBehind" from outbox o
       where partition = p and published_at is null and parked_at is null order by o.seq limit ${limit}::int) e`);
  return rows.map(({ partition, attempts, isBehind, ...json }) => ({
    event: fromEventJson(json),
    partition,
    attempts,
    isBehind,
  }));
}

/** The rows of these events by their key, which also says in which day to look. */
const rowsOf = (events: readonly StoredEvent[]): Prisma.Sql => {
  const keys = JSON.stringify(events.map(({ id, createdAt }) => ({ i: id, c: createdAt })));
  return Prisma.sql`
    from json_to_recordset(${keys}::json) as g (i uuid, c timestamptz)
     where o.created_at = g.c and o.id = g.i and o.published_at is null`;
};

/** Marks events as published. */
export function mark(tx: PointTx, events: readonly StoredEvent[]): Promise<void> {
  return tx.execute(Prisma.sql`update outbox o set published_at = clock_timestamp() ${rowsOf(events)}`);
}

/** Counts a try that failed and keeps the reason. */
export function noteFailure(tx: PointTx, event: StoredEvent, error: string): Promise<void> {
  return tx.execute(Prisma.sql`
    update outbox o set attempts = attempts + 1, last_error = ${error} ${rowsOf([event])}`);
}

/** Parks what waits of the aggregates of these events: it is not tried any more. */
export function park(tx: PointTx, events: readonly Pick<Claimed, 'event' | 'partition'>[]): Promise<void> {
  const aggregates = events.map(({ event: { aggregate }, partition }) => ({
    p: partition,
    t: aggregate.type,
    a: aggregate.id,
  }));
  return tx.execute(Prisma.sql`
    update outbox o set parked_at = clock_timestamp()
      from (select distinct p, t, a from json_to_recordset(${JSON.stringify(aggregates)}::json) as g (p smallint, t text, a text)) g
     where o.partition = g.p and o.aggregate_type = g.t and o.aggregate_id = g.a and o.published_at is null and o.parked_at is null`);
}

/** The queues in which something is parked, of all aggregates or of the one. */
export function parkedPartitions(points: PointReader, aggregateId: string | null): Promise<number[]> {
  return points.readJson(Prisma.sql`
    select coalesce(json_agg(distinct partition), '[]') as json from outbox
     where published_at is null and parked_at is not null and (${aggregateId}::text is null or aggregate_id = ${aggregateId}::text)`);
}

/**
 * Lets the parked aggregates of a queue be tried again, all or the one; gives the number of events that wait from now on. Waits for the relay
 * that has the queue: it would park what it has claimed behind what is freed.
 */
export async function release(tx: PointTx, partition: number, aggregateId: string | null): Promise<number> {
  // A relay may have it for as long as a statement may take, which is longer than one waits for a lock elsewhere.
  await tx.readJson(Prisma.sql`select to_json(set_config('lock_timeout', '0', true)) as json`);
  await tx.execute(Prisma.sql`select pg_advisory_xact_lock(${RELAY_LOCK}::int, ${partition}::int)`);
  return tx.readJson(Prisma.sql`
    with freed as (
      update outbox set parked_at = null, attempts = 0
       where partition = ${partition}::smallint and published_at is null and parked_at is not null
         and (${aggregateId}::text is null or aggregate_id = ${aggregateId}::text)
      returning 1)
    select to_json(count(*)) as json from freed`);
}

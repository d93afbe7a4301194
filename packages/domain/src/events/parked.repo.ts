import type { StoredEvent } from '@morket/contract/events';
import { type PointReader, Prisma, type Tx } from '@morket/db';
import { type EventJson, fromEventJson } from './event-json.ts';

export type Aggregate = StoredEvent['aggregate'];

/** An event in the queue of a consumer; `isDue` says that nothing but its predecessors keeps it from being tried. */
export type Parked = { readonly event: StoredEvent; readonly attempts: number; readonly isDue: boolean };

/** Reminders looked at in one go: however many rows are due, a look costs the same. */
const REMINDERS = 500;

const listOf = (aggregates: readonly Aggregate[]) =>
  JSON.stringify(aggregates.map(({ type, id }) => ({ t: type, a: id })));

/** Those of the named consumers in whose queue something is due. */
export function dueConsumers(points: PointReader, names: readonly string[]): Promise<string[]> {
  return points.readJson(Prisma.sql`
    select coalesce(json_agg(wanted.consumer), '[]') as json from unnest(${names}::text[]) wanted (consumer)
     where exists (select from dead_letters d where d.consumer = wanted.consumer and d.retry_at <= clock_timestamp())`);
}

/**
 * Aggregates of which something is due, at most `limit`, held until the transaction ends; those that another one holds are left out. What
 * waits of them is read by a later statement.
 */
export async function holdDue(tx: Tx, consumer: string, limit: number): Promise<Aggregate[]> {
  return tx.$queryRaw<Aggregate[]>`
    select type, id from (
      select distinct type, id from (
        select aggregate_type as type, aggregate_id as id from dead_letters
         where consumer = ${consumer} and retry_at <= clock_timestamp() order by retry_at limit ${REMINDERS}) reminders
       limit ${limit}) due
     where pg_try_advisory_xact_lock(hashtextextended(concat_ws(' ', ${consumer}::text, type, id), 1))`;
}

/** The first `limit` events in the queue for each aggregate, in order. */
export async function firstParked(
  tx: Tx,
  consumer: string,
  aggregates: readonly Aggregate[],
  limit: number,
): Promise<Parked[]> {
  const rows = await tx.$queryRaw<{ event: EventJson; attempts: number; isDue: boolean }[]>`
    select l.event, l.attempts, l.error is null or coalesce(l.retry_at <= clock_timestamp(), false) as "isDue"
      from json_to_recordset(${listOf(aggregates)}::json) as g (t text, a text)
      cross join lateral (
        select * from dead_letters d where d.consumer = ${consumer} and d.aggregate_type = g.t and d.aggregate_id = g.a
         order by d.seq limit ${limit}) l
     order by g.t, g.a, l.seq`;
  return rows.map(({ event, attempts, isDue }) => ({ event: fromEventJson(event), attempts, isDue }));
}

/** Takes reminders from events behind the first of these aggregates, whoever brings the first one on comes to them; gives their number. */
export function clearReminders(tx: Tx, consumer: string, aggregates: readonly Aggregate[]): Promise<number> {
  return tx.$executeRaw`
    update dead_letters d set retry_at = null
      from json_to_recordset(${listOf(aggregates)}::json) as g (t text, a text)
     where d.consumer = ${consumer} and d.aggregate_type = g.t and d.aggregate_id = g.a and d.retry_at is not null and d.error is null
       and exists (select from dead_letters e
                    where e.consumer = ${consumer} and e.aggregate_type = g.t and e.aggregate_id = g.a and e.seq < d.seq)`;
}

/** Takes events out of the queue and makes the next of each aggregate due: a crash after this transaction forgets nobody. */
export async function leaveQueue(tx: Tx, consumer: string, events: readonly StoredEvent[]): Promise<void> {
  await tx.$executeRaw`
    delete from dead_letters where consumer = ${consumer} and event_id = any (${events.map(({ id }) => id)}::uuid[])`;
  await tx.$executeRaw`
    update dead_letters d set retry_at = clock_timestamp()
      from (select distinct t, a from json_to_recordset(${listOf(events.map(({ aggregate }) => aggregate))}::json) as g (t text, a text)) g
     where d.consumer = ${consumer} and d.aggregate_type = g.t and d.aggregate_id = g.a and d.error is null and d.retry_at is null
       and d.seq = (select min(e.seq) from dead_letters e
                     where e.consumer = ${consumer} and e.aggregate_type = g.t and e.aggregate_id = g.a)`;
}

/** One more try that failed; `retryInMs` null gives the event up. */
export async function noteRetry(
  tx: Tx,
  consumer: string,
  event: StoredEvent,
  { error, retryInMs }: { readonly error: string; readonly retryInMs: number | null },
): Promise<void> {
  await tx.$executeRaw`
    update dead_letters
       set attempts = attempts + 1, error = ${error}, retry_at = clock_timestamp() + ${retryInMs}::float8 * interval '1 millisecond'
     where consumer = ${consumer} and event_id = ${event.id}::uuid`;
}

import type { StoredEvent } from '@morket/contract/events';
import { Prisma, type Tx } from '@morket/db';
import { toEventJson } from './event-json.ts';

/** The first half of the advisory lock of a consumer: shared by who handles its events, alone for who puts old ones before new ones. */
const CONSUMER_LOCK = 1_871_403;

/** No replay of this consumer begins before the transaction ends; false where one is under way. */
export async function tryShareConsumer(tx: Tx, consumer: string): Promise<boolean> {
  const [row] = await tx.$queryRaw<{ isShared: boolean }[]>`
    select pg_try_advisory_xact_lock_shared(${CONSUMER_LOCK}::int, hashtext(${consumer})) as "isShared"`;
  return row?.isShared === true;
}

/** Nobody handles an event of this consumer before the transaction ends: what comes goes into its queue. */
export async function seizeConsumer(tx: Tx, consumer: string): Promise<void> {
  await tx.$executeRaw`select pg_advisory_xact_lock(${CONSUMER_LOCK}::int, hashtext(${consumer}))`;
}

/** By id: `fresh` are noted as processed and are the caller's to handle; `behind` have to wait behind others of their aggregate. */
export type Admitted = { readonly fresh: ReadonlySet<string>; readonly behind: ReadonlySet<string> };

/** Notes as processed, in one statement, what is not yet and does not have to wait. */
export async function admit(tx: Tx, consumer: string, events: readonly StoredEvent[]): Promise<Admitted> {
  const given = JSON.stringify(events.map(({ id, aggregate }) => ({ i: id, t: aggregate.type, a: aggregate.id })));
  const [row] = await tx.$queryRaw<{ fresh: string[]; behind: string[] }[]>`
    with given as materialized (
      select g.i, exists (select from dead_letters d where d.consumer = ${consumer} and d.aggregate_type = g.t and d.aggregate_id = g.a) as waits
        from json_to_recordset(${given}::json) as g (i uuid, t text, a text)),
    fresh as (
      insert into processed_events (consumer, event_id) select ${consumer}, i from given where not waits
      on conflict do nothing returning event_id)
    select coalesce((select json_agg(event_id) from fresh), '[]') as fresh, coalesce((select json_agg(i) from given where waits), '[]') as behind`;
  return { fresh: new Set(row?.fresh), behind: new Set(row?.behind) };
}

/** Notes as processed what is not yet, whatever waits; gives the ids that were new. */
export async function admitInTurn(tx: Tx, consumer: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    insert into processed_events (consumer, event_id) select ${consumer}, unnest(${ids}::uuid[]) on conflict do nothing
    returning event_id as id`;
  return new Set(rows.map(({ id }) => id));
}

export type SetAside = {
  readonly attempts: number;
  readonly error: string | null;
  /** From now on; null gives it up. */
  readonly retryInMs: number | null;
};

/** Puts events where this consumer takes them up again, each in its place among those of its aggregate. What it has processed is left out. */
export async function setAside(tx: Tx, consumer: string, events: readonly StoredEvent[], how: SetAside): Promise<void> {
  const rows = JSON.stringify(
    events.map((event) => ({
      ...{ i: event.id, w: event.workspaceId, t: event.aggregate.type, a: event.aggregate.id, s: String(event.seq) },
      ...{ n: event.name, e: toEventJson(event) },
    })),
  );
  await tx.$executeRaw(Prisma.sql`
    insert into dead_letters (consumer, event_id, workspace_id, aggregate_type, aggregate_id, seq, name, event, attempts, error, retry_at)
    select ${consumer}, i, w, t, a, s, n, e, ${how.attempts}::int, ${how.error}::text,
           clock_timestamp() + ${how.retryInMs}::float8 * interval '1 millisecond'
      from json_to_recordset(${rows}::json) as g (i uuid, w uuid, t text, a text, s bigint, n text, e jsonb)
     where not exists (select from processed_events p where p.consumer = ${consumer} and p.event_id = g.i)
    on conflict do nothing`);
}

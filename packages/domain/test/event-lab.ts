import { randomUUID } from 'node:crypto';
import type { StoredEvent } from '@morket/contract/events';
import { createDb, type Db, Prisma, type Tx } from '@morket/db';
import { useTestDatabase, withClient } from '@morket/testing/template-database';
import { afterAll, beforeAll } from 'vitest';
import { type Consumer, defineConsumer } from '../src/events/index.ts';

/** One event of a test: `n` counts within its aggregate. */
export type Written = { readonly aggregate: string; readonly n: number };

type Logged = { readonly level: 'warn' | 'error'; readonly message: string; readonly details: Record<string, unknown> };

/** Events written by hand, consumers whose effects can be read back, and everything that was logged. */
export type EventLab = {
  readonly db: Db;
  readonly url: string;
  readonly log: { warn(details: object, message: string): void; error(details: object, message: string): void };
  /** What was logged since the last call. */
  takeLogs(): Logged[];
  /** Writes events in this order, in one transaction, or in the one given. */
  write(events: readonly Written[], tx?: Tx): Promise<void>;
  /** A consumer that stores its effects; `before` may fail it. */
  consumer(name: string, before?: (event: Written) => Promise<void> | void): Consumer;
  /** The same by sets. */
  setConsumer(name: string): Consumer;
  /** Effects in the order in which they were stored. */
  effects(consumer: string, aggregate?: string): Promise<Written[]>;
  countUnpublished(): Promise<number>;
  clear(): Promise<void>;
};

export const someAggregates = (count: number): string[] => Array.from({ length: count }, () => randomUUID());

/** `each` events for each aggregate, the aggregates in turn. */
export const inTurn = (aggregates: readonly string[], each: number, from = 1): Written[] =>
  Array.from({ length: each }, (_, step) => aggregates.map((aggregate) => ({ aggregate, n: from + step }))).flat();

export const writtenOf = ({ aggregate, payload }: StoredEvent): Written => ({
  aggregate: aggregate.id,
  n: Number(payload.n),
});

/** `n` of each aggregate, in the order of the effects. */
export const byAggregate = (effects: readonly Written[]): Record<string, number[]> =>
  Object.fromEntries(
    [...Map.groupBy(effects, ({ aggregate }) => aggregate)].map(([aggregate, list]) => [
      aggregate,
      list.map(({ n }) => n),
    ]),
  );

export const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1);

const insert = (events: readonly Written[]) => Prisma.sql`
  insert into outbox (id, partition, name, version, aggregate_type, aggregate_id, payload)
  select gen_random_uuid(), hashtextextended(aggregate, 0) & 63, 'thing.happened', 1, 'thing', aggregate, jsonb_build_object('n', n)
    from rows from (json_to_recordset(${JSON.stringify(events)}::json) as (aggregate text, n int)) with ordinality as e (aggregate, n, place) order by place`;

const store = (tx: Tx, consumer: string, events: readonly Written[]) => tx.$executeRaw`
  insert into effects (consumer, aggregate, n)
  select ${consumer}, aggregate, n from rows from (json_to_recordset(${JSON.stringify(events)}::json) as (aggregate text, n int)) with ordinality as e (aggregate, n, place)
   order by place`;

export function useEventLab(): EventLab {
  const database = useTestDatabase();
  const logged: Logged[] = [];
  let current: Db | undefined;
  beforeAll(async () => {
    await withClient(database.url, (client) =>
      client.query(
        'create table effects (place bigint generated always as identity, consumer text, aggregate text, n int)',
      ),
    );
    current = createDb({ url: database.url });
  });
  afterAll(() => current?.close());
  const db = (): Db => {
    if (!current) throw new Error('The lab opens with the first test.');
    return current;
  };
  const take = (level: Logged['level']) => (details: object, message: string) =>
    void logged.push({ level, message, details: details as Record<string, unknown> }); // lines are read by name

  return {
    get db() {
      return db();
    },
    get url() {
      return database.url;
    },
    log: { warn: take('warn'), error: take('error') },
    takeLogs: () => logged.splice(0),
    write: async (events, tx) => {
      await (tx ?? db().read).$executeRaw(insert(events));
    },
    consumer: (name, before) =>
      defineConsumer({
        name,
        events: ['thing.happened'],
        handle: async (tx, event) => {
          await before?.(writtenOf(event));
          await store(tx, name, [writtenOf(event)]);
        },
      }),
    setConsumer: (name) =>
      defineConsumer({
        name,
        events: 'all',
        handle: async (tx, event) => void (await store(tx, name, [writtenOf(event)])),
        handleAll: async (tx, events) => void (await store(tx, name, events.map(writtenOf))),
      }),
    effects: (consumer, aggregate) => db().read.$queryRaw<Written[]>`
      select aggregate, n from effects where consumer = ${consumer} and (${aggregate ?? null}::text is null or aggregate = ${aggregate ?? null})
       order by place`,
    countUnpublished: () => db().read.outboxEvent.count({ where: { publishedAt: null } }),
    clear: async () => {
      await db().read.$executeRaw`truncate outbox, processed_events, dead_letters, effects`;
      logged.length = 0;
    },
  };
}

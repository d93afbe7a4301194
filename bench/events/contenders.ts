import type { StoredEvent } from '@morket/contract/events';
import type { Db, Tx } from '@morket/db';
import { createDispatcher, createInProcessTransport, createRelay, defineConsumer } from '@morket/domain/events';
import pg from 'pg';

/** Takes everything that waits in the outbox and stores an effect for each event; resolves when nothing waits any more. */
export type Contender = { readonly name: string; deliver(): Promise<void> };

export const names = {
  bySets: 'relay, effects by sets',
  oneByOne: 'relay, effects one by one',
  byHand: 'a hand-written loop through pg',
  oneStatement: 'the same rows in one statement',
} as const;

const CONSUMER = 'bench';
const BATCH = 500;
const LANES = 2;
const PARTITIONS = 64;

const store = (tx: Tx, events: readonly StoredEvent[]) => tx.$executeRaw`
  insert into bench_effects (aggregate, n) select a, n from json_to_recordset(${JSON.stringify(
    events.map(({ aggregate, payload }) => ({ a: aggregate.id, n: payload.n })),
  )}::json) as e (a text, n int)`;

/** The product: relay, in-process transport, dispatcher with its note of what was processed. */
function product(db: Db, name: string, bySets: boolean): Contender {
  const fail = (details: { readonly err?: unknown }, message: string) => {
    throw new Error(message, { cause: details.err });
  };
  const consumer = defineConsumer({
    name: CONSUMER,
    events: 'all',
    handle: async (tx, event) => void (await store(tx, [event])),
    ...(bySets && { handleAll: async (tx: Tx, events: readonly StoredEvent[]) => void (await store(tx, events)) }),
  });
  const log = { warn: fail, error: fail };
  const { deliver } = createDispatcher({ db, consumers: [consumer], log });
  const relay = createRelay({
    db,
    log,
    transport: createInProcessTransport(deliver),
    batchSize: bySets ? BATCH : BATCH / 5,
    lanes: LANES,
  });
  return { name, deliver: async () => void (await relay.drain()) };
}

/** What one would write by hand: the same lock, the same batches, the same rows; nothing is parked, retried or seen by two consumers. */
function byHand(url: string): Contender {
  async function lane(queue: number[]): Promise<void> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    for (let partition = queue.shift(); partition !== undefined; partition = queue.shift()) {
      for (let taken = BATCH; taken === BATCH; ) {
        await client.query('begin');
        await client.query({ name: 'lock', text: 'select pg_try_advisory_xact_lock(1, $1)', values: [partition] });
        const { rows } = await client.query<{ id: string; seq: string; aggregate_id: string; payload: { n: number } }>({
          name: 'claim',
          text: `select id, seq, created_at, name, aggregate_type, aggregate_id, payload from outbox
                  where partition = $1 and published_at is null and parked_at is null order by seq limit $2`,
          values: [partition, BATCH],
        });
        taken = rows.length;
        await client.query({
          name: 'processed',
          text: 'insert into processed_events (consumer, event_id) select $1, unnest($2::uuid[]) on conflict do nothing',
          values: [CONSUMER, rows.map(({ id }) => id)],
        });
        await client.query({
          name: 'effects',
          text: 'insert into bench_effects (aggregate, n) select unnest($1::text[]), unnest($2::int[])',
          values: [rows.map((row) => row.aggregate_id), rows.map(({ payload }) => payload.n)],
        });
        await client.query({
          name: 'mark',
          text: `update outbox set published_at = now() where partition = $1 and published_at is null and parked_at is null and seq = any ($2::bigint[])`,
          values: [partition, rows.map(({ seq }) => seq)],
        });
        await client.query('commit');
      }
    }
    await client.end();
  }
  return {
    name: names.byHand,
    deliver: async () => {
      const queue = Array.from({ length: PARTITIONS }, (_, partition) => partition);
      await Promise.all(Array.from({ length: LANES }, () => lane(queue)));
    },
  };
}

/** The physical limit: the rows never leave PostgreSQL, and nothing is committed in between. */
function oneStatement(url: string): Contender {
  return {
    name: names.oneStatement,
    deliver: async () => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query(`
        with marked as (
          update outbox set published_at = now() where published_at is null and parked_at is null returning id, aggregate_id, payload),
        processed as (insert into processed_events (consumer, event_id) select '${CONSUMER}', id from marked)
        insert into bench_effects (aggregate, n) select aggregate_id, (payload->>'n')::int from marked`);
      await client.end();
    },
  };
}

export const contendersOn = (db: Db, url: string): readonly Contender[] => [
  product(db, names.bySets, true),
  product(db, names.oneByOne, false),
  byHand(url),
  oneStatement(url),
];

import type { StoredEvent } from '@morket/contract/events';
import { createDb } from '@morket/db';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  byAggregate,
  inTurn,
  someAggregates,
  upTo,
  useEventLab,
  type Written,
  writtenOf,
} from '../../test/event-lab.ts';
import { createDispatcher } from './dispatcher.ts';
import { waitingPartitions } from './outbox.repo.ts';
import { createRelay, type Relay, type RelayOptions } from './relay.ts';
import { createInProcessTransport } from './transport.ts';

const lab = useEventLab();
/** What a test has started; one that fails must not take the events of the next. */
const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).toReversed()) await undo();
  await lab.clear();
});

const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

function started(relay: Relay): { stop(): Promise<void> } {
  const running = relay.start();
  cleanUp.push(running.stop);
  return running;
}

const relayTo = (
  deliver: (events: readonly StoredEvent[]) => Promise<void>,
  more: Partial<Pick<RelayOptions, 'batchSize' | 'lanes'>> = {},
) =>
  createRelay({
    ...{ db: lab.db, log: lab.log, transport: createInProcessTransport(deliver), ...more },
    backoff: { floorMs: 1, ceilingMs: 2 },
  });

/** A transport that only remembers what it took. */
function collecting() {
  const taken: Written[] = [];
  const deliver = async (events: readonly StoredEvent[]) => void taken.push(...events.map(writtenOf));
  return { taken, deliver };
}

describe('order', () => {
  test('several relays on one outbox deliver each event once in effect, in order for each aggregate', async () => {
    const aggregates = someAggregates(24);
    for (let round = 0; round < 5; round += 1) await lab.write(inTurn(aggregates, 5, round * 5 + 1));
    const dbs = Array.from({ length: 3 }, () => createDb({ url: lab.url, poolSize: 4 }));
    const takenBy = dbs.map(() => 0);
    const relays = dbs.map((db, index) => {
      const consumer = lab.setConsumer('orders');
      const { deliver } = createDispatcher({ db, log: lab.log, consumers: [consumer] });
      const count = async (events: readonly StoredEvent[]) => {
        takenBy[index] = (takenBy[index] ?? 0) + events.length;
        await deliver(events);
      };
      return createRelay({ db, log: lab.log, batchSize: 7, transport: createInProcessTransport(count) });
    });
    for (const db of dbs) cleanUp.push(db.close);
    // Connected before any begins: one that begins late might find nothing left.
    await Promise.all(dbs.map((db) => db.pointTransaction((tx) => waitingPartitions(tx, null))));
    const running = relays.map(started);
    await eventually(async () => expect(await lab.countUnpublished()).toBe(0));
    await Promise.all(running.map(({ stop }) => stop()));
    expect(byAggregate(await lab.effects('orders'))).toEqual(
      Object.fromEntries(aggregates.map((aggregate) => [aggregate, upTo(25)])),
    );
    // They shared the work; else this says nothing about several of them.
    expect(takenBy.filter((count) => count > 0).length).toBeGreaterThan(1);
    expect(lab.takeLogs()).toEqual([]);
  });

  test('events written while it runs come in the order of their aggregate, too', async () => {
    const [one = '', two = ''] = someAggregates(2);
    const { taken, deliver } = collecting();
    started(relayTo(deliver));
    for (let n = 1; n <= 30; n += 1)
      await lab.write([
        { aggregate: one, n },
        { aggregate: two, n },
      ]);
    await eventually(() => expect(taken.length).toBe(60));
    expect(byAggregate(taken)).toEqual({ [one]: upTo(30), [two]: upTo(30) });
  });
});

test('what commits late is not lost: it is delivered although later numbers went out before', async () => {
  const [early = '', late = ''] = someAggregates(2);
  const { taken, deliver } = collecting();
  const relay = relayTo(deliver);
  const other = createDb({ url: lab.url, poolSize: 2 });
  cleanUp.push(other.close);
  let commit: () => void = () => undefined;
  const mayCommit = new Promise<void>((resolve) => {
    commit = resolve;
  });
  let hasWritten: () => void = () => undefined;
  const written = new Promise<void>((resolve) => {
    hasWritten = resolve;
  });
  const slow = other.transaction(async (tx) => {
    await lab.write([{ aggregate: late, n: 1 }], tx);
    hasWritten();
    await mayCommit;
  });
  await written;
  await lab.write([{ aggregate: early, n: 1 }]);
  await relay.drain();
  expect(taken).toEqual([{ aggregate: early, n: 1 }]);
  commit();
  await slow;
  await relay.drain();
  expect(taken).toEqual([
    { aggregate: early, n: 1 },
    { aggregate: late, n: 1 },
  ]);
  // The late one has the smaller number: a reader that goes by numbers would have passed it.
  const rows = await lab.db.read.outboxEvent.findMany({ orderBy: { seq: 'asc' } });
  expect(rows.map(({ aggregateId }) => aggregateId)).toEqual([late, early]);
});

test('a crash between publish and mark repeats the batch, and the effects stay one', async () => {
  const aggregates = someAggregates(5);
  await lab.write(inTurn(aggregates, 4));
  const { deliver } = createDispatcher({ db: lab.db, log: lab.log, consumers: [lab.consumer('orders')] });
  let deliveries = 0;
  const dying = relayTo(
    async (events) => {
      deliveries += events.length;
      await deliver(events);
      // The connection that holds the lock of the queue and would write the mark.
      await lab.db.read.$queryRaw`
      select pg_terminate_backend(pid)::text from pg_locks where locktype = 'advisory' and classid = 1871402
         and database = (select oid from pg_database where datname = current_database())`;
    },
    { lanes: 1 },
  );
  await dying.drain();
  expect(await lab.countUnpublished()).toBe(20);
  expect(await lab.effects('orders')).toHaveLength(20);
  const relay = relayTo(async (events) => {
    deliveries += events.length;
    await deliver(events);
  });
  expect(await relay.drain()).toBe(20);
  expect(deliveries).toBe(40);
  expect(byAggregate(await lab.effects('orders'))).toEqual(
    Object.fromEntries(aggregates.map((aggregate) => [aggregate, upTo(4)])),
  );
});

test('a delivery that does not end is given up, and the queue is free for another relay', async () => {
  await lab.write(inTurn(someAggregates(1), 1));
  const transport = { publish: () => new Promise<void>(() => undefined), close: async () => undefined };
  const relay = createRelay({ db: lab.db, log: lab.log, transport, publishTimeoutMs: 50 });
  expect(await relay.drain()).toBe(0);
  const { taken, deliver } = collecting();
  await relayTo(deliver).drain();
  expect(taken).toHaveLength(1);
});

test('stopping finishes the batch under way and leaves the rest to others', async () => {
  await lab.write(inTurn(someAggregates(1), 10));
  let finish: () => void = () => undefined;
  const mayFinish = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const taken: Written[] = [];
  const relay = relayTo(
    async (events) => {
      taken.push(...events.map(writtenOf));
      await mayFinish;
    },
    { batchSize: 4 },
  );
  const running = started(relay);
  await eventually(() => expect(taken).toHaveLength(4));
  const stopped = running.stop();
  finish();
  await stopped;
  expect(taken).toHaveLength(4);
  expect(await lab.countUnpublished()).toBe(6);
  const rest = collecting();
  await relayTo(rest.deliver).drain();
  expect(rest.taken.map(({ n }) => n)).toEqual([5, 6, 7, 8, 9, 10]);
});

test('woken after a commit, it does not wait for the next poll', async () => {
  const { taken, deliver } = collecting();
  const relay = relayTo(deliver);
  started(relay);
  const stopListening = lab.db.onCommit(relay.wake);
  cleanUp.push(async () => stopListening());
  const waits: number[] = [];
  for (let n = 1; n <= 15; n += 1) {
    const startedAt = performance.now();
    const [aggregate = ''] = someAggregates(1);
    await lab.db.transaction((tx) => lab.write([{ aggregate, n: 1 }], tx));
    await vi.waitFor(() => expect(taken).toHaveLength(n), { interval: 2, timeout: 10_000 });
    waits.push(performance.now() - startedAt);
  }
  // A poll comes every 200 ms, so that waiting for it would take half of that.
  expect(Math.min(...waits)).toBeLessThan(60);
  expect(waits.toSorted((a, b) => a - b)[4]).toBeLessThan(90);
});

import type { StoredEvent } from '@morket/contract/events';
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
import { releaseParked } from './operations.ts';
import { createRelay } from './relay.ts';
import { createInProcessTransport, EventRefused, type EventTransport } from './transport.ts';

const lab = useEventLab();
afterEach(() => lab.clear());

const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

const relayTo = (deliver: (events: readonly StoredEvent[]) => Promise<void>) =>
  createRelay({
    ...{ db: lab.db, log: lab.log, transport: createInProcessTransport(deliver) },
    backoff: { floorMs: 1, ceilingMs: 2 },
  });

/** A transport that only remembers what it took. */
function collecting() {
  const taken: Written[] = [];
  const deliver = async (events: readonly StoredEvent[]) => void taken.push(...events.map(writtenOf));
  return { taken, deliver };
}

describe('what the transport does not take', () => {
  const refusing = (poison: string, taken: Written[]): EventTransport => ({
    publish: async (events) => {
      if (events.some(({ aggregate }) => aggregate.id === poison)) throw new EventRefused('too large');
      taken.push(...events.map(writtenOf));
    },
    close: async () => undefined,
  });

  test('an event that the transport does not take is parked with the later ones of its aggregate; others go on', async () => {
    const aggregates = someAggregates(30);
    const [poison = '', ...others] = aggregates;
    await lab.write(inTurn(aggregates, 3));
    const taken: Written[] = [];
    const parked: StoredEvent[] = [];
    const observer = { parked: (event: StoredEvent) => void parked.push(event) };
    const transport = refusing(poison, taken);
    const relay = createRelay({
      db: lab.db,
      log: lab.log,
      transport,
      observer,
      backoff: { floorMs: 1, ceilingMs: 2 },
    });
    await relay.drain();
    expect(await lab.db.read.outboxEvent.count({ where: { parkedAt: { not: null } } })).toBe(3);
    // What comes after stays behind, without being tried.
    await lab.write([{ aggregate: poison, n: 4 }]);
    await relay.drain();
    expect(await lab.db.read.outboxEvent.count({ where: { parkedAt: { not: null }, aggregateId: poison } })).toBe(4);
    expect(byAggregate(taken)).toEqual(Object.fromEntries(others.map((aggregate) => [aggregate, upTo(3)])));
    expect(parked.map(writtenOf)).toEqual([{ aggregate: poison, n: 1 }]);
    const alerts = lab.takeLogs().filter(({ level }) => level === 'error');
    expect(alerts.map(({ message }) => message)).toEqual([expect.stringContaining('parked')]);
    const [first] = await lab.db.read.outboxEvent.findMany({ where: { aggregateId: poison }, orderBy: { seq: 'asc' } });
    expect(first).toMatchObject({ attempts: 1, lastError: expect.stringContaining('too large') });

    expect(await releaseParked(lab.db, poison)).toBe(4);
    const mended = collecting();
    await relayTo(mended.deliver).drain();
    expect(mended.taken.map(({ n }) => n)).toEqual(upTo(4));
  });

  test('a transport that takes nothing parks nothing: that is no matter of the event', async () => {
    const aggregates = someAggregates(8);
    await lab.write(inTurn(aggregates, 2));
    let isDown = true;
    const { taken, deliver } = collecting();
    const relay = relayTo(async (events) => {
      if (isDown) throw new Error('no broker');
      await deliver(events);
    });
    for (let attempt = 0; attempt < 10; attempt += 1) await relay.drain();
    expect(await lab.db.read.outboxEvent.count({ where: { parkedAt: { not: null } } })).toBe(0);
    isDown = false;
    await eventually(async () => {
      await relay.drain();
      expect(taken.length).toBe(16);
    });
    expect(byAggregate(taken)).toEqual(Object.fromEntries(aggregates.map((aggregate) => [aggregate, upTo(2)])));
  });

  test('a transport that takes some and not others parks nothing: the others only come later', async () => {
    const aggregates = someAggregates(12);
    const [away = '', ...others] = aggregates;
    await lab.write(inTurn(aggregates, 2));
    let isDown = true;
    let tries = 0;
    const { taken, deliver } = collecting();
    const relay = relayTo(async (events) => {
      if (isDown && events.some(({ aggregate }) => aggregate.id === away)) {
        tries += events.length === 1 ? 1 : 0;
        throw new Error('the leader of a partition is away');
      }
      await deliver(events);
    });
    for (let n = 3; tries < 25; n += 1) {
      await lab.write(inTurn(others, 1, n));
      await relay.drain();
    }
    expect(await lab.db.read.outboxEvent.count({ where: { parkedAt: { not: null } } })).toBe(0);
    isDown = false;
    await eventually(async () => {
      await relay.drain();
      expect(await lab.countUnpublished()).toBe(0);
    });
    expect(byAggregate(taken)[away]).toEqual([1, 2]);
  });

  test('many refused events are no outage: the one behind them goes out at once', async () => {
    const aggregates = someAggregates(6);
    const sound = aggregates.at(-1);
    await lab.write(inTurn(aggregates, 1));
    await lab.db.read.$executeRaw`update outbox set partition = 0`;
    const taken: Written[] = [];
    const transport: EventTransport = {
      publish: async (events) => {
        if (events.some(({ aggregate }) => aggregate.id !== sound)) throw new EventRefused('\u0000 is not taken');
        taken.push(...events.map(writtenOf));
      },
      close: async () => undefined,
    };
    await createRelay({ db: lab.db, log: lab.log, transport }).drain();
    expect(taken).toEqual([{ aggregate: sound, n: 1 }]);
    expect(await lab.db.read.outboxEvent.count({ where: { parkedAt: { not: null } } })).toBe(5);
  });

  test('what is released while a relay has the queue stays released, with the later events of its aggregate', async () => {
    const [parked = '', other = ''] = someAggregates(2);
    await lab.write([{ aggregate: parked, n: 1 }]);
    await lab.db.read.$executeRaw`update outbox set parked_at = now()`;
    await lab.write([
      { aggregate: parked, n: 2 },
      { aggregate: other, n: 1 },
    ]);
    await lab.db.read.$executeRaw`update outbox set partition = 0`;
    const { promise: mayFinish, resolve: finish } = Promise.withResolvers<void>();
    const { promise: isUnderWay, resolve: underWay } = Promise.withResolvers<void>();
    const { taken, deliver } = collecting();
    const relay = relayTo(async (events) => {
      underWay();
      await mayFinish;
      await deliver(events);
    });
    const drained = relay.drain();
    await isUnderWay;
    let isReleased = false;
    const releasing = releaseParked(lab.db, null).finally(() => {
      isReleased = true;
    });
    await eventually(async () => {
      const [row] = await lab.db.read.$queryRaw<{ waits: boolean }[]>`
        select exists (select from pg_locks where locktype = 'advisory' and classid = 1871402 and not granted
                          and database = (select oid from pg_database where datname = current_database())) as waits`;
      expect(isReleased || row?.waits).toBe(true);
    });
    finish();
    await Promise.all([drained, releasing]);
    await relay.drain();
    expect(byAggregate(taken)).toEqual({ [parked]: [1, 2], [other]: [1] });
  });
});

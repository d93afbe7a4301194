import { InsufficientCredits } from '@morket/contract/billing';
import type { StoredEvent } from '@morket/contract/events';
import { seededRandom } from '@morket/testing/seeded-random';
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
import { type Consumer, defineConsumer } from './consumer.ts';
import { createDispatcher } from './dispatcher.ts';
import { createRelay } from './relay.ts';
import { createRetries } from './retries.ts';
import { createInProcessTransport } from './transport.ts';

const lab = useEventLab();
afterEach(() => lab.clear());

const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000 });

type Options = { readonly laneMs?: number; readonly retryDelaysMs?: readonly number[] };

/** Relay, dispatcher and retries of one process, driven by hand. */
function delivery(consumers: readonly Consumer[], { laneMs, retryDelaysMs = [0, 0, 0] }: Options = {}) {
  const gaveUp: string[] = [];
  const observer = {
    gaveUp: (consumer: string, event: StoredEvent) => void gaveUp.push(`${consumer} ${writtenOf(event).n}`),
  };
  const deps = { db: lab.db, log: lab.log, observer, consumers, retryDelaysMs };
  const { deliver } = createDispatcher({ ...deps, laneMs });
  const relay = createRelay({ db: lab.db, log: lab.log, transport: createInProcessTransport(deliver) });
  const retries = createRetries(deps);
  return { relay, retries, deliver, gaveUp };
}

/** On a machine that is busy with other things a consumer may be late, and finds the rest in its own queue. */
async function untilEffects(consumer: Consumer, count: number): Promise<void> {
  const { retries } = delivery([consumer]);
  await eventually(async () => {
    await retries.drain();
    expect(await lab.effects(consumer.name)).toHaveLength(count);
  });
}

const letters = () =>
  lab.db.read.deadLetter.findMany({
    orderBy: { seq: 'asc' },
    select: { consumer: true, aggregateId: true, attempts: true, error: true, retryAt: true, name: true },
  });

describe('a consumer that fails with an event', () => {
  test('gets it again, in its turn; the other aggregates and the other consumers go on', async () => {
    const aggregates = someAggregates(6);
    const [poison = '', ...others] = aggregates;
    let isAway = true;
    const picky = lab.consumer('picky', ({ aggregate, n }) => {
      if (isAway && aggregate === poison && n === 2) throw new Error('not now');
    });
    const { relay, retries } = delivery([picky, lab.consumer('calm')], { retryDelaysMs: [0, 0, 0, 0] });
    await lab.write(inTurn(aggregates, 4));
    await relay.drain();
    await untilEffects(lab.consumer('calm'), 24);
    expect(byAggregate(await lab.effects('calm'))).toEqual(Object.fromEntries(aggregates.map((id) => [id, upTo(4)])));
    expect(byAggregate(await lab.effects('picky'))).toEqual({
      ...Object.fromEntries(others.map((id) => [id, upTo(4)])),
      [poison]: [1],
    });
    expect((await letters()).map(({ consumer, aggregateId }) => [consumer, aggregateId])).toEqual(
      Array.from({ length: 3 }, () => ['picky', poison]),
    );
    isAway = false;
    await eventually(async () => {
      await retries.drain();
      expect(byAggregate(await lab.effects('picky', poison))).toEqual({ [poison]: upTo(4) });
    });
    expect(await letters()).toEqual([]);
  });

  test('too often gives it up: a dead letter, with the later events of the aggregate behind it', async () => {
    const [poison = '', other = ''] = someAggregates(2);
    let isMended = false;
    const picky = lab.consumer('picky', ({ aggregate, n }) => {
      if (aggregate === poison && n === 1 && !isMended) throw InsufficientCredits({ required: 5, available: 1 });
    });
    const { relay, retries, gaveUp } = delivery([picky]);
    await lab.write(inTurn([poison, other], 2));
    await relay.drain();
    await eventually(async () => {
      await retries.drain();
      expect(gaveUp).toEqual(['picky 1']);
    });
    await lab.write(inTurn([poison, other], 1, 3));
    await relay.drain();
    await retries.drain();
    expect(byAggregate(await lab.effects('picky'))).toEqual({ [other]: upTo(3) });
    const [first, ...behind] = await letters();
    expect(first).toMatchObject({
      attempts: 4,
      error: expect.stringMatching(/^billing\.insufficient_credits: /),
      retryAt: null,
    });
    expect(behind).toEqual(
      Array.from({ length: 2 }, () => expect.objectContaining({ attempts: 0, error: null, aggregateId: poison })),
    );
    const alerts = lab.takeLogs().filter(({ level }) => level === 'error');
    expect(alerts).toEqual([
      expect.objectContaining({
        details: expect.objectContaining({ consumer: 'picky', aggregate: `thing ${poison}` }),
      }),
    ]);

    isMended = true;
    await lab.db.read
      .$executeRaw`update dead_letters set retry_at = now() - interval '1 second', attempts = 0 where error is not null`;
    await retries.drain();
    expect(byAggregate(await lab.effects('picky', poison))).toEqual({ [poison]: upTo(3) });
    expect(await letters()).toEqual([]);
  });

  test('may say anything about it: what PostgreSQL cannot store is left out', async () => {
    const aggregates = someAggregates(2);
    const rude = lab.consumer('rude', () => {
      throw new Error('a \u0000 and half of a pair: \ud83d');
    });
    const { relay } = delivery([rude, lab.consumer('calm')]);
    await lab.write(inTurn(aggregates, 1));
    expect(await relay.drain()).toBe(2);
    expect(await lab.countUnpublished()).toBe(0);
    expect((await letters()).map(({ error }) => error)).toEqual(
      Array.from({ length: 2 }, () => 'Error: a  and half of a pair: \ufffd'),
    );
  });

  test('leaves nothing of it behind: what it wrote before it failed is undone', async () => {
    const [aggregate = ''] = someAggregates(1);
    const half = defineConsumer({
      name: 'half',
      events: 'all',
      handle: async (tx, event) => {
        await lab.consumer('half').handle(tx, event);
        if (writtenOf(event).n === 2) throw new Error('half way');
      },
    });
    const { relay, retries } = delivery([half]);
    await lab.write(inTurn([aggregate], 3));
    await relay.drain();
    for (let round = 0; round < 5; round += 1) await retries.drain();
    expect(await lab.effects('half')).toEqual([{ aggregate, n: 1 }]);
  });
});

describe('sets', () => {
  test('a batch that fails as a whole is gone through event by event', async () => {
    const aggregates = someAggregates(4);
    const [poison = ''] = aggregates;
    const single = lab.consumer('sets', ({ aggregate }) => {
      if (aggregate === poison) throw new Error('this one');
    });
    const sets: string[] = [];
    const both = defineConsumer({
      ...single,
      handleAll: async (_tx, events) => {
        sets.push(...events.map(({ id }) => id));
        throw new Error('one of them');
      },
    });
    const { relay } = delivery([both]);
    await lab.write(inTurn(aggregates, 3));
    await relay.drain();
    expect(sets.length).toBeGreaterThan(0);
    const expected = Object.fromEntries(aggregates.slice(1).map((id) => [id, upTo(3)]));
    expect(byAggregate(await lab.effects('sets'))).toEqual(expected);
    expect((await letters()).length).toBe(3);
  });
});

test('what was processed is skipped, in a batch with what was not', async () => {
  const aggregates = someAggregates(3);
  const delivered: StoredEvent[] = [];
  await lab.write(inTurn(aggregates, 2));
  const collect = createInProcessTransport(async (events) => void delivered.push(...events));
  await createRelay({ db: lab.db, log: lab.log, transport: collect }).drain();
  const { deliver } = delivery([lab.consumer('once'), lab.setConsumer('sets')]);
  await deliver(delivered.slice(0, 2));
  await Promise.all([deliver(delivered), deliver(delivered)]);
  await deliver(delivered.slice(3));
  for (const consumer of ['once', 'sets']) {
    expect(byAggregate(await lab.effects(consumer))).toEqual(Object.fromEntries(aggregates.map((id) => [id, upTo(2)])));
  }
  expect(await lab.db.read.processedEvent.count()).toBe(12);
});

test('a consumer is given the events it asked for', async () => {
  const heard: string[] = [];
  const handle = async (_tx: unknown, { name }: StoredEvent) => void heard.push(name);
  const { relay } = delivery([
    defineConsumer({ name: 'one', events: ['thing.other'], handle }),
    defineConsumer({ name: 'none', events: [], handle }),
  ]);
  await lab.write(inTurn(someAggregates(2), 1));
  await relay.drain();
  expect(heard).toEqual([]);
  expect(await lab.db.read.processedEvent.count()).toBe(0);
  expect(await lab.countUnpublished()).toBe(0);
});

test('two consumers of one name are refused', () => {
  expect(() => delivery([lab.consumer('twin'), lab.consumer('twin')])).toThrow('one name');
});

describe('a consumer never holds another one up', () => {
  test('one that hangs is left with its events in a queue of its own', async () => {
    const aggregates = someAggregates(40);
    const hanging: Consumer = { name: 'hanging', events: 'all', handle: () => new Promise<void>(() => undefined) };
    const { relay } = delivery([hanging, lab.consumer('calm')], { laneMs: 2_000 });
    await lab.write(inTurn(aggregates, 1));
    const startedAt = performance.now();
    await relay.drain();
    // Waiting for the hanging one forty times would take eighty seconds.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    await untilEffects(lab.consumer('calm'), 40);
    expect((await letters()).map(({ consumer }) => consumer)).toEqual(Array.from({ length: 40 }, () => 'hanging'));
  });

  test('one that fails with everything gets its events later, all of them in order', async () => {
    const aggregates = someAggregates(12);
    let isBroken = true;
    const broken = lab.consumer('broken', () => {
      if (isBroken) throw new Error('a bug');
    });
    const { relay, retries } = delivery([broken, lab.consumer('calm')], { retryDelaysMs: Array(50).fill(0) });
    await lab.write(inTurn(aggregates, 5));
    await relay.drain();
    await untilEffects(lab.consumer('calm'), 60);
    expect(await lab.effects('broken')).toEqual([]);
    isBroken = false;
    await lab.db.read
      .$executeRaw`update dead_letters set retry_at = now() - interval '1 second' where retry_at is not null`;
    await eventually(async () => {
      await retries.drain();
      expect(await lab.effects('broken')).toHaveLength(60);
    });
    expect(byAggregate(await lab.effects('broken'))).toEqual(Object.fromEntries(aggregates.map((id) => [id, upTo(5)])));
  });
});

/** Invariant: whatever fails and however deliveries, repeats and retries mix, each effect happens once, in order for each aggregate. */
test.each([1, 2, 3])('two processes under random failures, seed %i', async (seed) => {
  const aggregates = someAggregates(8);
  const random = seededRandom(seed);
  const flaky = () =>
    lab.consumer('flaky', () => {
      if (random.next() < 0.25) throw new Error('by chance');
    });
  const processes = [1, 2].map(() => delivery([flaky()], { retryDelaysMs: Array(200).fill(0) }));
  const written: Written[] = [];
  for (let n = 1; n <= 12; n += 1) {
    written.push(...inTurn(aggregates, 1, n));
    await lab.write(inTurn(aggregates, 1, n));
    await Promise.all(processes.flatMap(({ relay, retries }) => [relay.drain(), retries.drain()]));
  }
  await eventually(async () => {
    await Promise.all(processes.flatMap(({ relay, retries }) => [relay.drain(), retries.drain()]));
    expect(await lab.effects('flaky')).toHaveLength(written.length);
  });
  expect(byAggregate(await lab.effects('flaky'))).toEqual(Object.fromEntries(aggregates.map((id) => [id, upTo(12)])));
  expect(await letters()).toEqual([]);
});

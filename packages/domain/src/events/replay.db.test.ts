import { afterEach, expect, test } from 'vitest';
import { byAggregate, inTurn, someAggregates, upTo, useEventLab, type Written } from '../../test/event-lab.ts';
import { defineConsumer } from './consumer.ts';
import { seizeConsumer } from './delivery.repo.ts';
import { createDispatcher } from './dispatcher.ts';
import { createRelay } from './relay.ts';
import { replayConsumer } from './replay.ts';
import { createRetries } from './retries.ts';
import { createInProcessTransport } from './transport.ts';

const lab = useEventLab();
afterEach(() => lab.clear());

function delivery(before?: (event: Written) => void) {
  const consumer = lab.consumer('replayed', before);
  const consumers = [consumer, lab.consumer('other')];
  const deps = { db: lab.db, log: lab.log, consumers };
  const { deliver } = createDispatcher(deps);
  const relay = createRelay({ db: lab.db, log: lab.log, transport: createInProcessTransport(deliver) });
  return { consumer, relay, retries: createRetries(deps) };
}

const EVER = new Date(0);

test('a consumer handles once more what was published since then; what came before, and other consumers, stay', async () => {
  const aggregates = someAggregates(10);
  const { consumer, relay, retries } = delivery();
  await lab.write(inTurn(aggregates, 3));
  await lab.db.read.$executeRaw`update outbox set created_at = now() - interval '2 hours'`;
  await lab.write(inTurn(aggregates, 2, 4));
  await relay.drain();
  expect(await replayConsumer(lab.db, consumer, { since: new Date(Date.now() - 3_600_000) })).toBe(20);
  await retries.drain();
  expect(byAggregate(await lab.effects('replayed'))).toEqual(
    Object.fromEntries(aggregates.map((id) => [id, [...upTo(5), 4, 5]])),
  );
  expect(await lab.effects('other')).toHaveLength(50);
  expect(await lab.db.read.deadLetter.count()).toBe(0);
  expect(lab.takeLogs()).toEqual([]);
});

test('what is written meanwhile comes after what is replayed', async () => {
  const aggregates = someAggregates(6);
  const { consumer, relay, retries } = delivery();
  await lab.write(inTurn(aggregates, 3));
  await relay.drain();
  await replayConsumer(lab.db, consumer, { since: EVER });
  await lab.write(inTurn(aggregates, 1, 4));
  await relay.drain();
  // In the queue, behind what is replayed.
  expect(await lab.effects('replayed')).toHaveLength(18);
  await retries.drain();
  await retries.drain();
  expect(byAggregate(await lab.effects('replayed'))).toEqual(
    Object.fromEntries(aggregates.map((id) => [id, [1, 2, 3, 1, 2, 3, 4]])),
  );
});

test('a replay that is called again before it is done changes nothing', async () => {
  const [aggregate = ''] = someAggregates(1);
  const { consumer, relay, retries } = delivery();
  await lab.write(inTurn([aggregate], 3));
  await relay.drain();
  for (let call = 0; call < 2; call += 1) expect(await replayConsumer(lab.db, consumer, { since: EVER })).toBe(3);
  await retries.drain();
  expect(byAggregate(await lab.effects('replayed'))).toEqual({ [aggregate]: [1, 2, 3, 1, 2, 3] });
});

test('a dead letter in the midst is tried again with the rest', async () => {
  const [aggregate = ''] = someAggregates(1);
  let isBroken = true;
  const { consumer, relay, retries } = delivery(({ n }) => {
    if (isBroken && n === 2) throw new Error('broken');
  });
  await lab.write(inTurn([aggregate], 3));
  await relay.drain();
  await lab.db.read.$executeRaw`update dead_letters set retry_at = null`;
  isBroken = false;
  expect(await replayConsumer(lab.db, consumer, { since: EVER })).toBe(3);
  await retries.drain();
  expect(byAggregate(await lab.effects('replayed'))).toEqual({ [aggregate]: [1, 1, 2, 3] });
});

test('more than one look takes: a long aggregate comes to its end, in order', async () => {
  const [aggregate = ''] = someAggregates(1);
  const { relay, retries } = delivery();
  const { deliver } = createDispatcher({ db: lab.db, log: lab.log, consumers: [] });
  await lab.write(inTurn([aggregate], 230));
  await createRelay({ db: lab.db, log: lab.log, transport: createInProcessTransport(deliver) }).drain();
  const consumer = lab.consumer('replayed');
  expect(await replayConsumer(lab.db, consumer, { since: EVER })).toBe(230);
  await retries.drain();
  expect(byAggregate(await lab.effects('replayed'))).toEqual({ [aggregate]: upTo(230) });
  await relay.drain();
});

test('only what the consumer asks for is replayed', async () => {
  const { relay } = delivery();
  await lab.write(inTurn(someAggregates(2), 2));
  await relay.drain();
  const deaf = defineConsumer({ name: 'deaf', events: ['thing.other'], handle: async () => undefined });
  expect(await replayConsumer(lab.db, deaf, { since: EVER })).toBe(0);
});

test('what was handled but not yet marked as published is replayed, once', async () => {
  const [aggregate = ''] = someAggregates(1);
  const { consumer, relay, retries } = delivery();
  const { deliver } = createDispatcher({ db: lab.db, log: lab.log, consumers: [consumer] });
  await lab.write(inTurn([aggregate], 3));
  const dying = createInProcessTransport(async (events) => {
    await deliver(events);
    throw new Error('dies before the mark');
  });
  await createRelay({ db: lab.db, log: lab.log, transport: dying }).drain();
  expect(byAggregate(await lab.effects('replayed'))).toEqual({ [aggregate]: [1, 2, 3] });
  expect(await lab.countUnpublished()).toBe(3);
  expect(await replayConsumer(lab.db, consumer, { since: EVER })).toBe(3);
  await relay.drain();
  await retries.drain();
  expect(byAggregate(await lab.effects('replayed'))).toEqual({ [aggregate]: [1, 2, 3, 1, 2, 3] });
});

test('a long replay is written in many short transactions, and stays in order', async () => {
  const aggregates = someAggregates(3);
  const { consumer, relay, retries } = delivery();
  await lab.write(inTurn(aggregates, 20));
  await relay.drain();
  expect(await replayConsumer(lab.db, consumer, { since: EVER, chunk: 7 })).toBe(60);
  const [row] = await lab.db.read.$queryRaw<{ count: number }[]>`
    select count(distinct xmin::text)::int as count from dead_letters`;
  expect(row?.count).toBe(9);
  await retries.drain();
  expect(byAggregate(await lab.effects('replayed'))).toEqual(
    Object.fromEntries(aggregates.map((id) => [id, [...upTo(20), ...upTo(20)]])),
  );
});

test('while a replay is under way the consumer handles nothing, new or old, and nobody waits for it', async () => {
  const aggregates = someAggregates(4);
  const { relay, retries } = delivery();
  await lab.db.transaction(async (tx) => {
    await seizeConsumer(tx, 'replayed');
    // It may take long: whoever reads up to the oldest transaction that writes does not wait for it.
    const [holder] = await tx.$queryRaw<{ pid: number }[]>`select pg_backend_pid() as pid`;
    const held = await lab.db.read
      .$queryRaw`select backend_xid::text from pg_stat_activity where pid = ${holder?.pid}::int`;
    expect(held).toEqual([{ backend_xid: null }]);
    await lab.write(inTurn(aggregates, 2));
    await relay.drain();
    expect(await lab.countUnpublished()).toBe(0);
    await lab.db.read.$executeRaw`update dead_letters set retry_at = now() - interval '1 second'`;
    await retries.drain();
    expect(await lab.effects('replayed')).toEqual([]);
    expect(await lab.effects('other')).toHaveLength(8);
  });
  expect(await lab.db.read.deadLetter.count({ where: { attempts: 0, error: null } })).toBe(8);
  expect(lab.takeLogs()).toEqual([]);
  await retries.drain();
  expect(byAggregate(await lab.effects('replayed'))).toEqual(Object.fromEntries(aggregates.map((id) => [id, upTo(2)])));
});

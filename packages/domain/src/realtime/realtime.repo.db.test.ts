import { randomUUID } from 'node:crypto';
import type { Tx } from '@morket/db';
import { aTenant, type Tenant, useWorld } from '@morket/testing';
import { beforeAll, expect, test, vi } from 'vitest';
import { record } from '../record/index.ts';
import { findBeginning, findMissed, findWindow } from './realtime.repo.ts';

const world = useWorld();
let tenant: Tenant;
let other: Tenant;
beforeAll(async () => {
  [tenant, other] = await Promise.all([aTenant(world), aTenant(world)]);
});

const MANY = 1_000;
const PATIENCE = { timeout: 20_000 };

/** Writes an event of an aggregate, as the verbs of the product do behind its lock. */
const write = (tx: Tx, entityId: string, { name = 'deal.changed', by = tenant } = {}) =>
  record(tx, by.scope, { name, version: 1, aggregate: { type: 'deal', id: entityId }, payload: {} });

/** A transaction that does what it is told, step by step. */
function aTransaction() {
  let finish: () => void = () => undefined;
  const steps: { readonly run: (tx: Tx) => Promise<void>; readonly done: () => void }[] = [];
  let next: () => void = () => undefined;
  let isFinished = false;
  const result = world.db.transaction(async (tx) => {
    while (!isFinished || steps.length > 0) {
      const step = steps.shift();
      if (step) {
        await step.run(tx);
        step.done();
      } else await new Promise<void>((resolve) => (next = resolve));
    }
  });
  finish = () => {
    isFinished = true;
    next();
  };
  return {
    write: (entityId: string) =>
      new Promise<void>((resolve) => {
        steps.push({ run: (tx) => write(tx, entityId), done: resolve });
        next();
      }),
    commit: () => {
      finish();
      return result;
    },
  };
}

/** Waits until all that was committed is behind the fence: transactions of other databases of the server hold it up, too. */
async function settled(): Promise<void> {
  const [row] = await world.db.read.$queryRaw<{ now: string }[]>`select pg_current_xact_id()::text as now`;
  await vi.waitFor(async () => {
    const [fence] = await world.db.read.$queryRaw<{ isPast: boolean }[]>`
      select pg_snapshot_xmin(pg_current_snapshot()) > ${row?.now}::text::xid8 as "isPast"`;
    expect(fence?.isPast).toBe(true);
  }, PATIENCE);
}

/** What was missed, where it can be told. */
async function missedOf(...given: Parameters<typeof findMissed>) {
  const missed = await findMissed(...given);
  if (!missed) throw new Error('It is more than can be told.');
  return missed;
}

/** What one look after the other finds. */
async function aReader(workspaceIds: readonly string[] = [tenant.id]) {
  const { points } = world.db;
  const look = (from: bigint) => findWindow(points, { from, workspaceIds, maxNews: MANY });
  await settled();
  let position = BigInt((await look(await findBeginning(points))).to);
  return {
    position: () => position,
    async read() {
      const window = await look(position);
      position = BigInt(window.to);
      return window.news.map(({ entityId }) => entityId);
    },
  };
}

test('a transaction that commits late is not skipped: what is younger waits for it', async () => {
  const reader = await aReader();
  const [early, late] = [aTransaction(), aTransaction()];
  await early.write('a');
  await late.write('b');
  await late.commit();
  expect(await reader.read()).toEqual([]);
  await early.commit();
  await settled();
  expect(await reader.read()).toEqual(['a', 'b']);
  expect(await reader.read()).toEqual([]);
});

test('the events of one entity keep the order of its lock, whatever the order of the transactions', async () => {
  const reader = await aReader();
  const [first, between, second] = [aTransaction(), aTransaction(), aTransaction()];
  await first.write('x');
  await between.write('y');
  await second.write('deal');
  await second.commit();
  // Its number is the oldest, its news of the deal the younger one.
  await first.write('deal');
  await first.commit();
  const missed = { workspaceId: tenant.id, from: reader.position(), to: reader.position(), seq: 0n };
  const before = await reader.read();
  expect(before).not.toContain('deal');
  await between.commit();
  await settled();
  expect([...before, ...(await reader.read())].toSorted()).toEqual(['deal', 'x', 'y']);
  const found = await missedOf(world.db.points, missed, { until: reader.position(), maxNews: MANY });
  const [versionOfDeal] = found.filter(({ entityId }) => entityId === 'deal');
  expect(versionOfDeal?.seq).toBe(Math.max(...found.map(({ seq }) => seq)));
});

test('a burst is told once for each entity and event, as the latest', async () => {
  const reader = await aReader();
  const position = reader.position();
  await world.db.transaction(async (tx) => {
    for (const id of ['a', 'b', 'a', 'a']) await write(tx, id);
    await write(tx, 'a', { name: 'deal.won' });
  });
  await settled();
  const { news } = await findWindow(world.db.points, { from: position, workspaceIds: [tenant.id], maxNews: MANY });
  expect(news.map(({ name, entityId }) => `${name} ${entityId}`)).toEqual([
    'deal.changed b',
    'deal.changed a',
    'deal.won a',
  ]);
});

test('another workspace is not read, and one with too much says so', async () => {
  const reader = await aReader();
  const from = reader.position();
  const ids = [randomUUID(), randomUUID(), randomUUID()];
  await world.db.transaction(async (tx) => {
    for (const id of ids) await write(tx, id);
    await write(tx, 'of another', { by: other });
  });
  await settled();
  const { points } = world.db;
  expect(await findWindow(points, { from, workspaceIds: [other.id], maxNews: 3 })).toMatchObject({
    news: [{ workspaceId: other.id, entityId: 'of another' }],
    overflowed: [],
  });
  const all = await findWindow(points, { from, workspaceIds: [tenant.id, other.id], maxNews: 2 });
  expect(all.overflowed).toEqual([tenant.id]);
  expect(all.news.map(({ entityId }) => entityId)).toEqual([...ids.slice(0, 2), 'of another']);
});

test('what was missed begins behind the event that was seen last, and goes on into later windows', async () => {
  const reader = await aReader();
  const from = reader.position();
  await world.db.transaction(async (tx) => {
    for (const id of ['a', 'b', 'c']) await write(tx, id);
  });
  await settled();
  const { points } = world.db;
  const window = await findWindow(points, { from, workspaceIds: [tenant.id], maxNews: MANY });
  const to = BigInt(window.to);
  await reader.read();
  await world.db.transaction((tx) => write(tx, 'd'));
  await settled();
  await reader.read();
  const seen = BigInt(window.news[0]?.seq ?? 0);
  const bounds = { until: reader.position(), maxNews: MANY };
  const missed = await missedOf(points, { workspaceId: tenant.id, from, to, seq: seen }, bounds);
  expect(missed.map(({ entityId, isLater }) => [entityId, isLater])).toEqual([
    ['b', false],
    ['c', false],
    ['d', true],
  ]);
  const foreign = await missedOf(points, { workspaceId: other.id, from, to, seq: seen }, bounds);
  expect(foreign).toEqual([]);
});

test('what comes in bulk is not read: everybody concerned is told that it was too much', async () => {
  const reader = await aReader([tenant.id, other.id]);
  const from = reader.position();
  await world.db.read.$executeRaw`
    insert into outbox (id, partition, workspace_id, name, version, aggregate_type, aggregate_id, payload)
    select gen_random_uuid(), 0, ${tenant.id}::uuid, 'deal.changed', 1, 'deal', 'the same', '{}' from generate_series(1, 10001)`;
  await settled();
  const { points } = world.db;
  const both = { from, workspaceIds: [tenant.id, other.id], maxNews: MANY };
  const window = await findWindow(points, both);
  expect(window).toMatchObject({ news: [], overflowed: [tenant.id] });
  expect(BigInt(window.to)).toBeGreaterThan(from);
  const behind = { workspaceId: tenant.id, from, to: from, seq: 0n };
  expect(await findMissed(points, behind, { until: BigInt(window.to), maxNews: MANY })).toBeNull();
  expect(await findWindow(points, { ...both, workspaceIds: [other.id] })).toMatchObject({ news: [], overflowed: [] });
});

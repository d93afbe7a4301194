import { Unavailable } from '@morket/contract/errors';
import type { Db, PointReader } from '@morket/db';
import { aTenant, type Tenant, unique, useWorld } from '@morket/testing';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { record } from '../record/index.ts';
import { createRealtimeService, type Told } from './index.ts';

const world = useWorld();
let tenant: Tenant;
beforeAll(async () => {
  tenant = await aTenant(world);
});

const PATIENCE = { timeout: 20_000 };

/** The database of the world, with every statement of the hub passing by. */
function watched(onStatement: (text: string) => unknown = () => undefined) {
  const statements: string[] = [];
  const readJson: PointReader['readJson'] = async (statement) => {
    statements.push(statement.text);
    const instead = await onStatement(statement.text);
    // Stands for what the statement would have made.
    return instead === undefined ? world.db.points.readJson(statement) : (instead as never);
  };
  const db: Db = { ...world.db, points: { readJson } };
  return { db, statements };
}

function aService(db: Db = world.db) {
  const failures: unknown[] = [];
  const service = createRealtimeService({ db, retentionSeconds: 3_600, onFailure: (err) => failures.push(err) });
  onTestFinished(service.end);

  function subscribe(lastEventId?: string) {
    const hangUp = new AbortController();
    const watch = {
      reauthorize: async () => ({ scope: tenant.scope, may: async () => true }),
      signal: hangUp.signal,
    };
    const told = service.subscribe(tenant.scope, lastEventId === undefined ? {} : { lastEventId }, watch);
    const next = async (): Promise<Told> => {
      const { value } = await told.next();
      if (!value) throw new Error('the stream has ended');
      return value;
    };
    /** What is told up to, and with, an event; what others have done before may come first. */
    const until = async (id: string): Promise<string[]> => {
      const ids = [idOf(await next())];
      while (ids.at(-1) !== id) ids.push(idOf(await next()));
      return ids;
    };
    return {
      ...{ next, until },
      hangUp: async () => {
        hangUp.abort();
        await told.return();
      },
    };
  }
  return { service, subscribe, failures };
}

const write = (...ids: readonly string[]) =>
  world.db.transaction(async (tx) => {
    for (const id of ids) {
      const aggregate = { type: 'form', id };
      await record(tx, tenant.scope, { name: 'form.updated', version: 1, aggregate, payload: {} });
    }
  });

const idOf = ({ message }: Told) => (message.kind === 'event' ? message.entityId : message.kind);
const isWindow = (text: string) => text.includes('placed as materialized');

test('nothing is read while nobody listens', async () => {
  const { db, statements } = watched();
  const { subscribe } = aService(db);
  expect(statements).toEqual([]);
  const one = subscribe();
  await one.next();
  await vi.waitFor(() => expect(statements.filter(isWindow).length).toBeGreaterThan(3), PATIENCE);
  await one.hangUp();
  const before = statements.length;
  await write(unique());
  await write(unique());
  expect(statements.length).toBeLessThanOrEqual(before + 1);
});

test('one statement looks for all streams of a process', async () => {
  const { db, statements } = watched();
  const { subscribe } = aService(db);
  const streams = Array.from({ length: 10 }, () => subscribe());
  await Promise.all(streams.map(({ next }) => next()));
  statements.length = 0;
  const id = unique();
  await write(id);
  await Promise.all(streams.map(({ until }) => until(id)));
  expect(statements.filter(isWindow).length).toBeLessThan(10);
  expect(statements.every(isWindow)).toBe(true);
});

test('a reader that falls behind is told so, and goes on from there', async () => {
  const { db, statements } = watched();
  const { subscribe } = aService(db);
  const slow = subscribe();
  const quick = subscribe();
  await Promise.all([slow.next(), quick.next()]);
  for (let n = 0; n < 3; n += 1) {
    const ids = Array.from({ length: 400 }, () => unique());
    await write(...ids);
    expect((await quick.until(ids.at(-1) ?? '')).slice(-ids.length)).toEqual(ids);
  }
  expect((await slow.next()).message).toEqual({ kind: 'reset', reason: 'too_much' });
  const id = unique();
  await write(id);
  await slow.until(id);
  expect(statements.length).toBeGreaterThan(0);
});

test('what happens while the outbox cannot be read is told afterwards, once', async () => {
  let isAway = false;
  const { db } = watched(() => {
    if (isAway) throw Unavailable({ retryAfterSeconds: 1 });
  });
  const { subscribe, failures } = aService(db);
  const stream = subscribe();
  await stream.next();
  isAway = true;
  const ids = [unique(), unique()];
  await write(...ids);
  await vi.waitFor(() => expect(failures.length).toBeGreaterThan(0), PATIENCE);
  await expect(subscribe().next()).rejects.toMatchObject({ code: 'server.unavailable' });
  isAway = false;
  expect((await stream.until(ids[1] ?? '')).slice(-2)).toEqual(ids);
});

test('where transactions are numbered anew, everybody begins anew', async () => {
  let isAway = false;
  let cluster: string | undefined;
  const { db } = watched((text) => {
    if (isAway) throw Unavailable({ retryAfterSeconds: 1 });
    return text.includes('system_identifier') ? cluster : undefined;
  });
  const { subscribe, failures } = aService(db);
  const stream = subscribe();
  const { id: before } = await stream.next();
  isAway = true;
  cluster = '1';
  await vi.waitFor(() => expect(failures.length).toBeGreaterThan(0), PATIENCE);
  isAway = false;
  const reset = await stream.next();
  expect(reset.message).toEqual({ kind: 'reset', reason: 'too_much' });
  expect(reset.id.split('-')[0]).toBe('1');
  expect((await subscribe(before).next()).message).toEqual({ kind: 'reset', reason: 'unknown_position' });
  expect((await subscribe(reset.id).next()).message).toEqual({ kind: 'ready' });
});

test('a service that ends takes everybody down with it, and nobody in', async () => {
  const { service, subscribe } = aService();
  const stream = subscribe();
  await stream.next();
  const next = stream.next();
  service.end();
  await expect(next).rejects.toMatchObject({ code: 'server.unavailable' });
  await expect(subscribe().next()).rejects.toMatchObject({ code: 'server.unavailable' });
});

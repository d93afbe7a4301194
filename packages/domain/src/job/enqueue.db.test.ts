import type { createDb, Tx } from '@morket/db';
import { aTenant, createWorld, type Tenant, unique, type World } from '@morket/testing';
import { PgBoss } from 'pg-boss';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { aJob, enqueue } from '../../test/job-lab.ts';
import { enqueueAllIn, enqueueIn } from './enqueue.ts';

type WrapAdapter = NonNullable<Parameters<typeof createDb>[0]['wrapAdapter']>;

/** The statements of transactions, as they go to the driver. */
const statements: string[] = [];
const countStatements: WrapAdapter = (factory) => ({
  ...{ provider: factory.provider, adapterName: factory.adapterName },
  connect: async () => {
    const adapter = await factory.connect();
    const { startTransaction } = adapter;
    adapter.startTransaction = async (...given) => {
      const transaction = await startTransaction.apply(adapter, given);
      for (const name of ['queryRaw', 'executeRaw'] as const) {
        const original = transaction[name].bind(transaction) as (query: { sql: string }) => Promise<never>; // both take a query
        transaction[name] = (query: { sql: string }) => {
          statements.push(query.sql);
          return original(query);
        };
      }
      return transaction;
    };
    return adapter;
  },
});

let world: World;
let tenant: Tenant;
beforeAll(async () => {
  world = await createWorld({ wrapAdapter: countStatements });
  tenant = await aTenant(world);
});
afterAll(() => world.close());

const waiting = (kind: string) =>
  world.db.read.$queryRaw<{ id: string; data: unknown }[]>`
    select id, data from pgboss.job where name = ${kind} and state = 'created' order by created_on`;

test('a job is there with the commit and, of a transaction that fails, never was', async () => {
  const job = aJob();
  const failed = world.db.transaction(async (tx) => {
    await enqueueIn(tx, job, { label: 'never' }, { workspaceId: tenant.id });
    throw new Error('the work failed');
  });
  await expect(failed).rejects.toThrow('the work failed');
  expect(await waiting(job.name)).toEqual([]);
  expect(await world.db.read.job.count({ where: { kind: job.name } })).toBe(0);

  const id = await enqueue(world, job, tenant.id, { label: 'there' });
  expect(await waiting(job.name)).toEqual([{ id, data: { label: 'there' } }]);
  const row = await world.db.read.job.findFirst({ where: { kind: job.name } });
  expect(row).toMatchObject({ id, workspaceId: tenant.id, state: 'queued', attempts: 0, maxAttempts: 4 });
});

test('it costs one statement, for the first job of a kind, for another, under a key, and for many', async () => {
  const job = aJob();
  const options = { workspaceId: tenant.id };
  const cost = async (work: (tx: Tx) => Promise<unknown>) => {
    const before = statements.length;
    await world.db.transaction(async (tx) => {
      await work(tx);
    });
    return statements.length - before;
  };
  const begunAndEnded = await cost(async () => undefined);
  expect(await cost((tx) => enqueueIn(tx, job, { label: 'a' }, options))).toBe(begunAndEnded + 1);
  expect(await cost((tx) => enqueueIn(tx, job, { label: 'b' }, options))).toBe(begunAndEnded + 1);
  expect(await cost((tx) => enqueueIn(tx, job, { label: 'c' }, { ...options, dedupeKey: 'k' }))).toBe(
    begunAndEnded + 1,
  );
  const many = Array.from({ length: 50 }, (_, n) => ({ ...options, payload: { label: `${n}` } }));
  expect(await cost((tx) => enqueueAllIn(tx, job, many))).toBe(begunAndEnded + 1);
  expect(statements.filter((sql) => /notify/i.test(sql))).toEqual([]);
  expect((await waiting(job.name)).length).toBe(53);
});

test('a payload of another form is refused before anything is written', async () => {
  const job = aJob();
  const wrong = { label: 7 } as unknown as { label: string }; // what a caller without types may send
  const refused = world.db.transaction((tx) => enqueueIn(tx, job, wrong, { workspaceId: tenant.id }));
  await expect(refused).rejects.toMatchObject({
    code: 'job.payload_invalid',
    details: { kind: job.name, issues: [{ path: 'label' }] },
  });
  expect(await waiting(job.name)).toEqual([]);
  const more = { label: 'x', secret: 'not declared' };
  await enqueue(world, job, tenant.id);
  await world.db.transaction((tx) => enqueueIn(tx, job, more, { workspaceId: tenant.id }));
  expect(JSON.stringify(await waiting(job.name))).not.toContain('secret');
});

test('under a key one job waits for each workspace and kind, and one that has begun makes room for the next', async () => {
  const [job, otherJob, other] = [aJob(), aJob(), await aTenant(world)];
  const dedupeKey = unique();
  const first = await enqueue(world, job, tenant.id, { dedupeKey });
  expect(await enqueue(world, job, tenant.id, { dedupeKey })).toBe(first);
  expect(await enqueue(world, job, other.id, { dedupeKey })).not.toBe(first);
  expect(await enqueue(world, otherJob, tenant.id, { dedupeKey })).not.toBe(first);
  const ids = await world.db.transaction((tx) =>
    enqueueAllIn(
      tx,
      job,
      ['a', 'b', 'a'].map((key) => ({
        workspaceId: tenant.id,
        payload: { label: key },
        dedupeKey: `${dedupeKey} ${key}`,
      })),
    ),
  );
  expect(ids[0]).toBe(ids[2]);
  expect(ids[1]).not.toBe(ids[0]);

  await world.db.read.$executeRaw`update jobs set state = 'running' where id = ${first}::uuid`;
  expect(await enqueue(world, job, tenant.id, { dedupeKey })).not.toBe(first);
});

test('two transactions under one key make one job, and it cannot begin before both are committed', async () => {
  const job = aJob();
  const options = { dedupeKey: unique(), workspaceId: tenant.id };
  const second = Promise.withResolvers<void>();
  const first = await enqueue(world, job, tenant.id, options);
  const held = Promise.withResolvers<void>();
  const twin = world.db.transaction(async (tx) => {
    const id = await enqueueIn(tx, job, { label: 'twin' }, options);
    held.resolve();
    await second.promise;
    return id;
  });
  await held.promise;
  let hasBegun = false;
  const begins = world.db.read.$executeRaw`update jobs set state = 'running' where id = ${first}::uuid`.then(() => {
    hasBegun = true;
  });
  await vi.waitFor(async () => {
    const [row] = await world.db.read.$queryRaw<{ n: number }[]>`
      select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    expect(row?.n).toBeGreaterThan(0);
  });
  expect(hasBegun).toBe(false);
  second.resolve();
  expect(await twin).toBe(first);
  await begins;
});

test('it fills what pg-boss itself fills, in the schema that this pg-boss expects', async () => {
  const boss = new PgBoss({
    connectionString: world.databaseUrl,
    max: 1,
    migrate: false,
    supervise: false,
    schedule: false,
  });
  await boss.start();
  try {
    expect(await boss.schemaVersion()).toBe(40);
    expect(await boss.detectSchemaDrift()).toMatchObject({ ok: true });
    const job = aJob({ retries: 7, backoffSeconds: 3, maxBackoffSeconds: 50, timeoutSeconds: 40 });
    const runAt = new Date(Date.now() + 3_600_000);
    const ours = await enqueue(world, job, tenant.id, { runAt, priority: 4 });
    const theirs = await boss.send(
      job.name,
      { label: 'x' },
      { startAfter: runAt, priority: 4, group: { id: tenant.id } },
    );
    const [one, two] = await Promise.all(
      [ours, theirs].map(
        (id) => world.db.read.$queryRaw<Record<string, unknown>[]>`
          select to_jsonb(j) - 'id' - 'created_on' as row from pgboss.job j where id = ${id}::uuid`,
      ),
    );
    expect(one).toEqual(two);
    expect(one?.[0]?.row).toMatchObject({
      retry_limit: 7,
      retry_delay: 3,
      retry_backoff: true,
      dead_letter: 'dead-letters',
    });
  } finally {
    await boss.stop({ graceful: false });
  }
});

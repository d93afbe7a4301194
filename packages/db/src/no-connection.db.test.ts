import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { useTestDatabase, withClient } from '@morket/testing/template-database';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorOf } from '../test/error-of.ts';
import { PrismaClient } from './generated-prisma/client.ts';
import { isOutOfService, isRepeatable, sqlStateOf } from './sql-state.ts';

/** Connections that break or cannot be had, as Prisma tells of them without the product's retries around it. */
const database = useTestDatabase();
let prisma: PrismaClient;
beforeAll(() => {
  prisma = new PrismaClient({
    adapter: new PrismaPg({ connectionString: database.url, max: 4, connectionTimeoutMillis: 2_000 }),
  });
});
afterAll(() => prisma.$disconnect());

type Transaction = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0];

/** Ends the backend of `tx`, as a restart of the server would, and waits until it is gone. */
const killBackendOf = async (tx: Transaction) => {
  const [row] = await tx.$queryRaw<{ pid: number }[]>`select pg_backend_pid() as pid`;
  await withClient(database.url, (client) => client.query('select pg_terminate_backend($1, 5000)', [row?.pid]));
};

test.each([
  ['by a model call', (tx: Transaction) => tx.user.updateMany({ data: { name: 'Bob' } })],
  ['by a raw call', (tx: Transaction) => tx.$executeRaw`update users set name = 'Bob'`],
  ['by COMMIT', async () => undefined],
])('a killed backend, met %s', async (_, next: (tx: Transaction) => Promise<unknown>) => {
  const err = await errorOf(
    prisma.$transaction(async (tx) => {
      await killBackendOf(tx);
      await next(tx);
    }),
  );
  expect(isOutOfService(err)).toBe(true);
  expect(isRepeatable(err)).toBe(false);
});

test('a backend killed in the midst of its statement', async () => {
  const work = prisma.$transaction(async (tx) => {
    const [row] = await tx.$queryRaw<{ pid: number }[]>`select pg_backend_pid() as pid`;
    const slow = errorOf(tx.$queryRaw`select 1 from pg_sleep(20)`);
    await withClient(database.url, async (client) => {
      const isActive = async () =>
        (await client.query(`select from pg_stat_activity where pid = $1 and query like '%pg_sleep%'`, [row?.pid]))
          .rowCount === 1;
      while (!(await isActive()));
      await client.query('select pg_terminate_backend($1)', [row?.pid]);
    });
    throw await slow;
  });
  expect(isOutOfService(await errorOf(work))).toBe(true);
});

test('a connection that the network resets', async () => {
  const target = new URL(database.url);
  let broken = false;
  const proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    client.on('data', (chunk) => (broken ? client.resetAndDestroy() : server.write(chunk)));
    client.on('error', () => undefined).on('close', () => server.destroy());
    server.on('error', () => client.destroy()).pipe(client);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const { port } = proxy.address() as AddressInfo; // listening on TCP, it has one
  const through = new URL(database.url);
  [through.hostname, through.port] = ['127.0.0.1', String(port)];
  const remote = new PrismaClient({ adapter: new PrismaPg({ connectionString: through.href, max: 1 }) });
  for (const query of [() => remote.user.count(), () => remote.$queryRaw`select 1`]) {
    broken = false;
    await remote.$queryRaw`select 1`;
    broken = true;
    expect(isOutOfService(await errorOf(query()))).toBe(true);
  }
  await remote.$disconnect();
  await new Promise((resolve) => proxy.close(resolve));
});

/** Enough for the first connection on a busy machine; the test waits for it three times. */
const WAIT_MS = 1_000;

test('a pool that is exhausted', async () => {
  const small = new PrismaClient({
    adapter: new PrismaPg({ connectionString: database.url, max: 1, connectionTimeoutMillis: WAIT_MS }),
    transactionOptions: { maxWait: WAIT_MS, timeout: 20_000 },
  });
  const release = Promise.withResolvers<void>();
  const holds = Promise.withResolvers<void>();
  const holder = small.$transaction(async (tx) => {
    await tx.$queryRaw`select 1`;
    holds.resolve();
    await release.promise;
  });
  await Promise.race([holds.promise, holder]); // else a holder that failed would leave this waiting
  const errors = [
    await errorOf(small.user.count()),
    await errorOf(small.$queryRaw`select 1`),
    await errorOf(small.$transaction((tx) => tx.user.count())),
  ];
  release.resolve();
  await holder;
  await small.$disconnect();
  expect(errors.map(isOutOfService)).toEqual([true, true, true]);
  expect(errors.map(isRepeatable)).toEqual([false, false, false]);
});

test('a server that is not there, and a database that takes no more connections', async () => {
  const nowhere = new PrismaClient({
    adapter: new PrismaPg({ connectionString: 'postgres://nobody@127.0.0.1:9/none' }),
  });
  expect(isOutOfService(await errorOf(nowhere.user.count()))).toBe(true);
  expect(isOutOfService(await errorOf(nowhere.$queryRaw`select 1`))).toBe(true);
  expect(isOutOfService(await errorOf(nowhere.$transaction((tx) => tx.user.count())))).toBe(true);
  await nowhere.$disconnect();
  const full = await withClient(database.url, async (client) => {
    await client.query(
      `do $$ begin execute format('alter database %I connection limit 0', current_database()); end $$`,
    );
    await client.query(`create role visitor login password 'x'`).catch(() => undefined);
    const url = new URL(database.url);
    [url.username, url.password] = ['visitor', 'x'];
    const other = new pg.Client({ connectionString: url.href });
    const err = await errorOf(other.connect());
    await client.query('drop role visitor');
    return err;
  });
  expect(sqlStateOf(full)).toBe('53300');
  expect(isOutOfService(full)).toBe(true);
});

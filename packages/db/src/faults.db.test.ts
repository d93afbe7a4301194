import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { type Fault, type Loss, UNHARMED } from '@morket/testing/fault-plan';
import { createFaults } from '@morket/testing/faulty-adapter';
import { useTestDatabase, withClient } from '@morket/testing/template-database';
import { PrismaPg } from '@prisma/adapter-pg';
import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorOf } from '../test/error-of.ts';
import { PrismaClient } from './generated-prisma/client.ts';
import { isOutOfService, isRepeatable, sqlStateOf } from './sql-state.ts';

/** Injected faults beside real ones: what chaos tests prove holds for PostgreSQL only as far as the two agree. */
const database = useTestDatabase();
const faults = createFaults();
let proxy: Server;
/** What the network does with the next thing that is said through the proxy. */
let breakNext: 'reset' | 'closed' | null = null;
let [sound, faulty, proxied]: PrismaClient[] = [];

const USERS = ['019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a01', '019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a02'] as const;
const clientOf = (url: string, wrap = (factory: SqlDriverAdapterFactory) => factory) =>
  new PrismaClient({ adapter: wrap(new PrismaPg({ connectionString: url, max: 4 })) });

beforeAll(async () => {
  const target = new URL(database.url);
  proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    client.on('data', (chunk) => {
      if (breakNext === 'reset') client.resetAndDestroy();
      else if (breakNext === 'closed') client.end();
      else server.write(chunk);
      breakNext = null;
    });
    client.on('error', () => undefined).on('close', () => server.destroy());
    server.on('error', () => client.destroy()).pipe(client);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const { port } = proxy.address() as AddressInfo; // listening on TCP, it has one
  const through = Object.assign(new URL(database.url), { hostname: '127.0.0.1', port: String(port) });
  sound = clientOf(database.url);
  faulty = clientOf(database.url, faults.wrapAdapter);
  proxied = clientOf(through.href);
  await sound.user.createMany({
    data: USERS.map((id, index) => ({ id, email: `${index}@example.com`, name: 'Ada', passwordHash: 'x' })),
  });
});
afterAll(async () => {
  await Promise.all([sound?.$disconnect(), faulty?.$disconnect(), proxied?.$disconnect()]);
  proxy.close();
});

type Transaction = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0];
type Step = (tx: Transaction, id?: string) => Promise<unknown>;
const STEPS = {
  'a model call': (tx, id = USERS[0]) => tx.user.update({ where: { id }, data: { name: 'Bob' } }),
  'a raw call': (tx, id = USERS[0]) => tx.$executeRaw`update users set name = 'Bob' where id = ${id}::uuid`,
} satisfies Record<string, Step>;
const [BY_MODEL, BY_RAW] = [STEPS['a model call'], STEPS['a raw call']];
const COMMIT: Step = async () => undefined;
const SERIALIZABLE = { isolationLevel: 'Serializable' } as const;
const mustExist = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('It is made before the tests.');
  return value;
};

/** All that the product reads off an error, and the kinds and names on the way to its bottom. */
function faceOf(err: unknown, depth = 0): unknown {
  if (typeof err !== 'object' || err === null || depth > 4) return null;
  const { name, code, kind, originalCode, originalMessage, message, meta, driverAdapterError, cause } = err as Record<
    string,
    unknown
  >; // errors of three libraries, looked at from outside
  return {
    ...{ name, code, kind, originalCode, originalMessage },
    // Prisma's own messages quote the place of the call.
    message: depth === 0 && code !== undefined ? null : message,
    below: [meta, driverAdapterError, cause].map((inner) => faceOf(inner, depth + 1)),
    ...(depth === 0 && { sqlState: sqlStateOf(err), again: isRepeatable(err), away: isOutOfService(err) }),
  };
}

/** The error of a transaction that the real thing befalls. */
const REAL = {
  deadlock: (step: Step) => {
    const ready = USERS.map(() => Promise.withResolvers<void>());
    const run = (own: 0 | 1) =>
      mustExist(sound).$transaction(async (tx) => {
        await step(tx, USERS[own]);
        ready[own]?.resolve();
        await ready[1 - own]?.promise;
        await step(tx, USERS[own === 0 ? 1 : 0]);
      });
    return Promise.all([run(0), run(1)]);
  },
  serializationFailure: (step: Step) =>
    mustExist(sound).$transaction(async (tx) => {
      await tx.user.findMany();
      await mustExist(sound).user.update({ where: { id: USERS[0] }, data: { name: crypto.randomUUID() } });
      await step(tx);
    }, SERIALIZABLE),
  terminated: (step: Step) =>
    mustExist(sound).$transaction(async (tx) => {
      const [row] = await tx.$queryRaw<{ pid: number }[]>`select pg_backend_pid() as pid`;
      const slow = errorOf(tx.$queryRaw`select pg_sleep(20)`);
      await withClient(database.url, async (client) => {
        const asleep = `select from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'`;
        while ((await client.query(asleep, [row?.pid])).rowCount === 0);
        await client.query('select pg_terminate_backend($1, 5000)', [row?.pid]);
      });
      if (step !== BY_RAW) return step(tx);
      throw await slow;
    }),
  network: (how: 'reset' | 'closed', step: Step) =>
    mustExist(proxied).$transaction(async (tx) => {
      await tx.$queryRaw`select 1`;
      breakNext = how;
      await step(tx);
    }),
};

async function injected(fault: Fault, loss: Loss, step: Step): Promise<unknown> {
  faults.arm(() => ({ ...UNHARMED, fault, loss }));
  const err = await errorOf(mustExist(faulty).$transaction((tx) => step(tx)));
  expect(faults.disarm()).toHaveLength(1);
  return err;
}

describe('an injected fault has the face of the real one', () => {
  for (const [by, step] of Object.entries(STEPS)) {
    test(`deadlock, met by ${by}`, async () => {
      expect(faceOf(await injected('deadlock', 'reset', step))).toEqual(faceOf(await errorOf(REAL.deadlock(step))));
    });
    test(`serialization failure, met by ${by}`, async () => {
      const real = await errorOf(REAL.serializationFailure(step));
      expect(faceOf(await injected('serializationFailure', 'reset', step))).toEqual(faceOf(real));
    });
    test.each(['reset', 'closed'] as const)(`connection that the network %s, met by ${by}`, async (how) => {
      const real = await errorOf(REAL.network(how, step));
      expect(faceOf(await injected('lostInStatement', how, step))).toEqual(faceOf(real));
    });
  }

  test('terminated backend in its statement', async () => {
    const real = await errorOf(REAL.terminated(BY_RAW));
    expect(faceOf(await injected('lostInStatement', 'terminated', BY_RAW))).toEqual(faceOf(real));
  });

  test.each(['reset', 'closed'] as const)('connection that the network %s at COMMIT', async (how) => {
    const real = faceOf(await errorOf(REAL.network(how, COMMIT)));
    expect(faceOf(await injected('lostBeforeCommit', how, COMMIT))).toEqual(real);
    expect(faceOf(await injected('lostAfterCommit', how, COMMIT))).toEqual(real);
  });

  test('serialization failure at COMMIT', async () => {
    const ready = USERS.map(() => Promise.withResolvers<void>());
    const skew = (own: 0 | 1) =>
      mustExist(sound).$transaction(async (tx) => {
        await tx.user.count({ where: { name: 'on call' } });
        ready[own]?.resolve();
        await ready[1 - own]?.promise;
        await tx.user.update({ where: { id: USERS[own] }, data: { name: 'on call' } });
      }, SERIALIZABLE);
    const outcomes = await Promise.allSettled([skew(0), skew(1)]);
    const real = outcomes.find((outcome) => outcome.status === 'rejected')?.reason;
    const made = await injected('serializationFailureAtCommit', 'reset', COMMIT);
    for (const err of [real, made])
      expect([sqlStateOf(err), isRepeatable(err), isOutOfService(err)]).toEqual(['40001', true, false]);
  });

  test('server that is not there', async () => {
    const nowhere = clientOf('postgres://nobody@127.0.0.1:9/none');
    const real = await errorOf(nowhere.$transaction(async (tx) => tx.user.count()));
    await nowhere.$disconnect();
    const made = await injected('refused', 'reset', BY_MODEL);
    for (const err of [real, made]) expect(err).toMatchObject({ name: 'PrismaClientKnownRequestError', code: 'P1001' });
    expect([isRepeatable(made), isOutOfService(made)]).toEqual([isRepeatable(real), isOutOfService(real)]);
  });
});

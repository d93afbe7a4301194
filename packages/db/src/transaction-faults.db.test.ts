import { Unavailable } from '@morket/contract/errors';
import { type Fault, type Loss, UNHARMED } from '@morket/testing/fault-plan';
import { createFaults } from '@morket/testing/faulty-adapter';
import { useTestDatabase, withClient } from '@morket/testing/template-database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorOf } from '../test/error-of.ts';
import { createDb } from './client.ts';
import { CommitUnknown } from './commit-unknown.ts';
import type { Db } from './tx.ts';

/** What a transaction of the product comes to under each fault, and what its caller is told. */
const database = useTestDatabase();
const faults = createFaults();
const USER = '019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a01';
let db: Db;
beforeAll(async () => {
  db = createDb({ url: database.url, wrapAdapter: faults.wrapAdapter });
  await db.read.user.create({ data: { id: USER, email: 'ada@example.com', name: 'Ada', passwordHash: 'x' } });
});
afterAll(() => db.close());

const rename = () => {
  const name = crypto.randomUUID();
  let tries = 0;
  const outcome = db
    .transaction(async (tx) => {
      tries += 1;
      await tx.$executeRaw`update users set name = ${name} where id = ${USER}::uuid`;
    })
    .then(
      () => 'done',
      (err: unknown) => err,
    );
  const tookEffect = async () => (await db.read.user.findUniqueOrThrow({ where: { id: USER } })).name === name;
  return { outcome, tries: () => tries, tookEffect };
};
/** The first transaction alone suffers. */
const once = (fault: Fault, loss: Loss) =>
  faults.arm((ordinal) => (ordinal === 0 ? { ...UNHARMED, fault, loss } : UNHARMED));
const LOSSES = ['terminated', 'reset', 'closed'] as const;

test.each(['deadlock', 'serializationFailure', 'serializationFailureAtCommit'] as const)(
  '%s: is repeated, and done once',
  async (fault) => {
    once(fault, 'reset');
    const { outcome, tries, tookEffect } = rename();
    expect(await outcome).toBe('done');
    expect(faults.disarm()).toHaveLength(1);
    expect([tries(), await tookEffect()]).toEqual([2, true]);
  },
);

test.each(LOSSES)('connection lost (%s) before COMMIT: nobody knows, and nothing took effect', async (loss) => {
  once('lostBeforeCommit', loss);
  const { outcome, tries, tookEffect } = rename();
  expect(await outcome).toBeInstanceOf(CommitUnknown);
  faults.disarm();
  expect([tries(), await tookEffect()]).toEqual([1, false]);
});

test('backend that is really killed before COMMIT: the same', async () => {
  const lost = db.transaction(async (tx) => {
    const [row] = await tx.$queryRaw<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await withClient(database.url, (client) => client.query('select pg_terminate_backend($1, 5000)', [row?.pid]));
  });
  expect(await errorOf(lost)).toBeInstanceOf(CommitUnknown);
});

test.each(LOSSES)('connection lost (%s) after COMMIT: nobody knows, and everything took effect', async (loss) => {
  once('lostAfterCommit', loss);
  const { outcome, tries, tookEffect } = rename();
  expect(await outcome).toBeInstanceOf(CommitUnknown);
  faults.disarm();
  expect([tries(), await tookEffect()]).toEqual([1, true]);
});

test.each([...LOSSES.map((loss) => ['lostInStatement', loss] as const), ['refused', 'reset'] as const])(
  '%s (%s): the caller may try again, and nothing took effect',
  async (fault, loss) => {
    once(fault, loss);
    const { outcome, tookEffect } = rename();
    expect(await outcome).toSatisfy(Unavailable.is);
    faults.disarm();
    expect(await tookEffect()).toBe(false);
  },
);

test('single statements suffer too, and no connection is lost to the pool', async () => {
  const { read } = db;
  for (const loss of [...LOSSES, ...LOSSES, ...LOSSES, ...LOSSES]) {
    once('lostInStatement', loss);
    expect(await errorOf(read.$queryRaw`select 1`)).toSatisfy(Unavailable.is);
    expect(await read.$queryRaw`select 1 as one`).toEqual([{ one: 1 }]);
  }
  faults.disarm();
  expect(await Promise.all(Array.from({ length: 30 }, () => rename().outcome))).toEqual(Array(30).fill('done'));
});

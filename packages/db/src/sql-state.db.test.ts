import { useTestDatabase } from '@morket/testing/template-database';
import { PrismaPg } from '@prisma/adapter-pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorOf } from '../test/error-of.ts';
import { PrismaClient } from './generated-prisma/client.ts';
import { isOutOfService, isRepeatable, isUniqueViolation, sqlStateOf } from './sql-state.ts';

/** Errors as Prisma really gives them, from a client without the product's retries around it. */
const database = useTestDatabase();
let prisma: PrismaClient;
const USERS = ['019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a01', '019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a02'] as const;
beforeAll(async () => {
  prisma = new PrismaClient({
    adapter: new PrismaPg({ connectionString: database.url, max: 4, connectionTimeoutMillis: 2_000 }),
  });
  await prisma.user.createMany({
    data: USERS.map((id, index) => ({ id, email: `${index}@example.com`, name: 'Ada', passwordHash: 'x' })),
  });
});
afterAll(() => prisma.$disconnect());

type Transaction = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0];
type Write = (tx: Transaction, id: string) => Promise<unknown>;
const byModel: Write = (tx, id) => tx.user.update({ where: { id }, data: { name: 'Bob' } });
const byRaw: Write = (tx, id) => tx.$executeRaw`update users set name = 'Bob' where id = ${id}::uuid`;

/** Two transactions that lock the same two rows in opposite order; gives the error of the one that PostgreSQL ends. */
async function deadlockBy(write: Write): Promise<unknown> {
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const run = (own: string, other: string, mine: typeof first, theirs: typeof first) =>
    prisma.$transaction(async (tx) => {
      await write(tx, own);
      mine.resolve();
      await theirs.promise;
      await write(tx, other);
    });
  const outcomes = await Promise.allSettled([
    run(USERS[0], USERS[1], first, second),
    run(USERS[1], USERS[0], second, first),
  ]);
  const [failed] = outcomes.filter((outcome) => outcome.status === 'rejected');
  if (outcomes.filter(({ status }) => status === 'fulfilled').length !== 1 || !failed)
    throw new Error('One of the two is ended.');
  return failed.reason;
}

describe('a deadlock may be repeated', () => {
  test.each([
    ['met by a model call', byModel],
    ['met by a raw call', byRaw],
  ])('%s', async (_, write) => {
    const err = await deadlockBy(write);
    // A model call says no more than that it may be repeated.
    expect(['40P01', '40001']).toContain(sqlStateOf(err));
    expect(isRepeatable(err)).toBe(true);
    expect(isOutOfService(err)).toBe(false);
    expect(isUniqueViolation(err)).toBe(false);
  });
});

describe('a serialization failure may be repeated', () => {
  const SERIALIZABLE = { isolationLevel: 'Serializable' } as const;

  test.each([
    ['at a model call', byModel],
    ['at a raw call', byRaw],
  ])('%s', async (_, write) => {
    const err = await errorOf(
      prisma.$transaction(async (tx) => {
        await tx.user.findMany();
        await prisma.user.update({ where: { id: USERS[0] }, data: { name: 'meanwhile' } });
        await write(tx, USERS[0]);
      }, SERIALIZABLE),
    );
    expect(sqlStateOf(err)).toBe('40001');
    expect(isRepeatable(err)).toBe(true);
  });

  test('at COMMIT', async () => {
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const skew = (own: string, mine: typeof first, theirs: typeof first) =>
      prisma.$transaction(async (tx) => {
        await tx.user.count({ where: { name: 'on call' } });
        mine.resolve();
        await theirs.promise;
        await tx.user.update({ where: { id: own }, data: { name: 'on call' } });
      }, SERIALIZABLE);
    const outcomes = await Promise.allSettled([skew(USERS[0], first, second), skew(USERS[1], second, first)]);
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(failed).toHaveLength(1);
    expect(sqlStateOf(failed[0]?.reason)).toBe('40001');
    expect(isRepeatable(failed[0]?.reason)).toBe(true);
  });
});

describe('a unique violation is told by its constraint', () => {
  const user = { id: crypto.randomUUID(), email: '0@example.com', name: 'Ada', passwordHash: 'x' };

  test.each([
    ['of a model call', () => prisma.user.create({ data: user })],
    [
      'of a raw call',
      () =>
        prisma.$executeRaw`insert into users (id, email, name, password_hash) values (gen_random_uuid(), '0@example.com', 'x', 'x')`,
    ],
  ])('%s', async (_, insert) => {
    const err = await errorOf(insert());
    expect(isUniqueViolation(err)).toBe(true);
    expect(isUniqueViolation(err, 'email')).toBe(true);
    expect(isUniqueViolation(err, 'sessions')).toBe(false);
    expect(isRepeatable(err)).toBe(false);
    expect(isOutOfService(err)).toBe(false);
  });

  test('and a check that fails is none', async () => {
    const err = await errorOf(prisma.user.create({ data: { ...user, email: 'x' } }));
    expect(sqlStateOf(err)).toBe('23514');
    expect(isUniqueViolation(err)).toBe(false);
  });
});

test('what is no error of a database is nothing', () => {
  for (const other of [null, undefined, 'text', 7, new Error('x'), { code: 'ENOENT' }, { code: 'P2002', meta: {} }])
    expect(sqlStateOf(other)).toBeNull();
  const cyclic: { cause?: unknown } = {};
  cyclic.cause = cyclic;
  expect(sqlStateOf(cyclic)).toBeNull();
  expect(isOutOfService(cyclic)).toBe(false);
  for (const other of [null, 'text', new Error('x')])
    expect([isRepeatable(other), isOutOfService(other), isUniqueViolation(other)]).toEqual([false, false, false]);
});

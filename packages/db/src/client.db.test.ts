import { Unavailable } from '@morket/contract/errors';
import { useTestDatabase, withClient } from '@morket/testing/template-database';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createDb } from './client.ts';
import type { Db, Tx } from './tx.ts';

const database = useTestDatabase();
let db: Db;
beforeAll(() => {
  db = createDb({ url: database.url, poolSize: 6 });
});
afterAll(() => db.close());

/** Two keys of the same table, to be locked in opposite order. */
let [one, two] = ['', ''];
beforeEach(async () => {
  [one, two] = [crypto.randomUUID(), crypto.randomUUID()];
  for (const id of [one, two])
    await db.read.user.create({ data: { id, email: `${id}@example.com`, name: 'a', passwordHash: 'x' } });
});
const touch = (tx: Tx, id: string) => tx.$executeRaw`update users set name = name || 'b' where id = ${id}::uuid`;
const nameOf = async (id: string) => (await db.read.user.findUniqueOrThrow({ where: { id } })).name;
const outcomeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    (err: unknown) => err,
  );

describe('a transaction', () => {
  test('is all or nothing', async () => {
    const work = db.transaction(async (tx) => {
      await touch(tx, one);
      throw new Error('changed my mind');
    });
    await expect(work).rejects.toThrow('changed my mind');
    expect(await nameOf(one)).toBe('a');
  });

  test('that meets a deadlock is repeated whole, and both succeed in the end, once each', async () => {
    let tries = 0;
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const run = (own: string, other: string, mine: typeof first, theirs: typeof first) =>
      db.transaction(async (tx) => {
        tries += 1;
        await touch(tx, own);
        mine.resolve();
        await theirs.promise;
        await touch(tx, other);
      });
    await Promise.all([run(one, two, first, second), run(two, one, second, first)]);
    expect(tries).toBe(3);
    expect([await nameOf(one), await nameOf(two)]).toEqual(['abb', 'abb']);
  });

  test('that meets serialization failures is repeated until it gets through', async () => {
    const increment = () =>
      db.transaction(async (tx) => {
        await tx.$executeRaw`set transaction isolation level serializable`;
        const { name } = await tx.user.findUniqueOrThrow({ where: { id: one } });
        await tx.user.update({ where: { id: one }, data: { name: `${name}b` } });
      });
    await Promise.all([increment(), increment(), increment()]);
    expect(await nameOf(one)).toBe('abbb');
  });

  test('that keeps failing so gives up: the database is too busy', async () => {
    let tries = 0;
    const work = db.transaction(async (tx) => {
      tries += 1;
      await tx.$executeRaw`do $$ begin raise exception 'again' using errcode = 'serialization_failure'; end $$`;
    });
    const failure: unknown = await work.catch((err: unknown) => err);
    expect(Unavailable.is(failure) && failure.cause).toMatchObject({ message: expect.stringContaining('again') });
    expect(tries).toBe(5);
  });

  test('that fails otherwise is not repeated', async () => {
    let tries = 0;
    const work = db.transaction(async (tx) => {
      tries += 1;
      await tx.user.create({ data: { id: one, email: 'other@example.com', name: 'a', passwordHash: 'x' } });
    });
    await expect(work).rejects.toMatchObject({ code: 'P2002' });
    expect(tries).toBe(1);
  });

  test('whose backend is killed is answered as unavailable, and is not repeated: nobody knows what became of it', async () => {
    let tries = 0;
    const work = db.transaction(async (tx) => {
      tries += 1;
      const [row] = await tx.$queryRaw<{ pid: number }[]>`select pg_backend_pid() as pid`;
      await withClient(database.url, (client) => client.query('select pg_terminate_backend($1, 5000)', [row?.pid]));
      await touch(tx, one);
    });
    expect(await outcomeOf(work)).toSatisfy(Unavailable.is);
    expect(tries).toBe(1);
    expect(await nameOf(one)).toBe('a');
  });

  test('cannot be nested: a nested one would roll back alone', async () => {
    await db.transaction(async (tx) => {
      // @ts-expect-error: withheld from the type
      expect(tx.$transaction).toBeDefined();
    });
  });
});

describe('a pool that is exhausted', () => {
  test('answers single queries and transactions as unavailable, and readiness still hears from the database', async () => {
    const lost: Error[] = [];
    const small = createDb({ url: database.url, poolSize: 1, onPoolError: (err) => void lost.push(err) });
    const [holds, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const holder = small.transaction(async (tx) => {
      await touch(tx, one);
      holds.resolve();
      await release.promise;
    });
    await holds.promise;
    const waiting = [
      small.read.user.count(),
      small.read.$queryRaw`select 1`,
      small.transaction((tx) => tx.user.count()),
    ].map(outcomeOf);
    await small.ping(1_000);
    for (const outcome of await Promise.all(waiting)) {
      expect(outcome).toSatisfy(Unavailable.is);
      expect(outcome).toMatchObject({ details: { retryAfterSeconds: 1 } });
    }
    release.resolve();
    await holder;
    await small.close();
    expect(lost).toEqual([]);
  });

  test('serves more callers than it has connections, one after the other', async () => {
    const small = createDb({ url: database.url, poolSize: 2 });
    await Promise.all(Array.from({ length: 30 }, () => small.transaction((tx) => touch(tx, one))));
    await small.close();
    expect(await nameOf(one)).toBe(`a${'b'.repeat(30)}`);
  });
});

describe('ping', () => {
  test('fails in time when the server is not there', async () => {
    const nowhere = createDb({ url: 'postgres://nobody@127.0.0.1:9/none' });
    await expect(nowhere.ping(1_000)).rejects.toThrow();
    expect(await outcomeOf(nowhere.read.user.count())).toSatisfy(Unavailable.is);
    expect(await outcomeOf(nowhere.read.$queryRaw`select 1`)).toSatisfy(Unavailable.is);
    await nowhere.close();
  });

  test('hears again from a server whose connections were all cut', async () => {
    const own = createDb({ url: database.url, poolSize: 2 });
    await own.ping(1_000);
    await own.read.user.count();
    await withClient(database.url, (client) =>
      client.query(
        `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
      ),
    );
    // The first call may meet a connection that is just being given up.
    await own.ping(1_000).catch(() => own.ping(1_000));
    const first = await outcomeOf(own.read.user.count());
    if (first !== 'done') expect(first).toSatisfy(Unavailable.is);
    expect(await own.read.user.count()).toBeGreaterThan(0);
    await own.close();
  });
});

test('a statement that runs for ever is ended by the database', async () => {
  const settings = await db.transaction(
    (tx) => tx.$queryRaw<{ name: string; setting: string }[]>`
    select name, setting from pg_settings where name in ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout')`,
  );
  expect(settings.map(({ name, setting }) => `${name} ${setting}`).sort()).toEqual([
    'idle_in_transaction_session_timeout 10000',
    'lock_timeout 5000',
    'statement_timeout 10000',
  ]);
});

test('a connection that is lost is told of without the client that hangs on the error, and not while everything closes', async () => {
  const lost: Error[] = [];
  const open = async () => {
    const own = createDb({ url: database.url, poolSize: 1, onPoolError: (err) => void lost.push(err) });
    const [row] = await own.read.$queryRaw<{ pid: number }[]>`select pg_backend_pid() as pid`;
    return { own, pid: row?.pid ?? 0 };
  };
  const end = (pid: number) => db.read.$queryRaw`select pg_terminate_backend(${pid}::int)`;

  const first = await open();
  await end(first.pid);
  await vi.waitFor(() => expect(lost.length).toBeGreaterThan(0));
  for (const err of lost) expect(Object.keys(err)).not.toContain('client');
  await first.own.close();

  lost.length = 0;
  const second = await open();
  await Promise.all([second.own.close(), end(second.pid)]);
  expect(lost).toEqual([]);
});

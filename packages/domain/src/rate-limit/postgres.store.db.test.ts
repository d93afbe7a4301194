import { randomBytes } from 'node:crypto';
import { RateLimited } from '@morket/contract/errors';
import { createDb, type Db } from '@morket/db';
import { createWorld } from '@morket/testing';
import { useTestDatabase } from '@morket/testing/template-database';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPostgresStore } from './postgres.store.ts';
import { createRateLimiter } from './rate-limiter.ts';
import { estimate } from './window.model.ts';

const database = useTestDatabase();
let processes: Db[];
beforeAll(() => {
  processes = Array.from({ length: 2 }, () => createDb({ url: database.url, poolSize: 8 }));
});
afterAll(() => Promise.all(processes.map((db) => db.close())));
const dbAt = (index: number): Db => {
  const db = processes[index % processes.length];
  if (!db) throw new Error('There are two processes.');
  return db;
};
const storeAt = (index: number) => createPostgresStore(dbAt(index));

/** So wide that no test meets its end. */
const WINDOW_SECONDS = 10_000_000;
const aKey = () => randomBytes(32);

/** Invariant: of any number of attempts at once, from several processes, exactly as many succeed as fit under the limit. */
test('attempts that race never take more than the limit, and never less', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 24 }),
      fc.integer({ min: 1, max: 3 }),
      async (limit, attempts, cost) => {
        const key = aKey();
        const takes = await Promise.all(
          Array.from({ length: attempts }, (_, index) =>
            storeAt(index).take(key, { limit, windowSeconds: WINDOW_SECONDS, cost }),
          ),
        );
        expect(takes.filter(({ taken }) => taken)).toHaveLength(Math.min(attempts, Math.floor(limit / cost)));
        const after = await storeAt(0).take(key, { limit: 0, windowSeconds: WINDOW_SECONDS, cost: 1 });
        expect(after).toMatchObject({
          taken: false,
          counts: { current: Math.min(attempts, Math.floor(limit / cost)) * cost, previous: 0 },
        });
      },
    ),
    { numRuns: 100 },
  );
});

/** Invariant: the store decides by the estimate that the model computes from the counts it tells. */
test('the previous window counts for the part of it that is still in sight', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(50), fc.nat(50), fc.integer({ min: 1, max: 80 }), async (previous, current, limit) => {
      const key = aKey();
      const bytes = new Uint8Array(key);
      await dbAt(0).read.$executeRaw`
        with clock as (select to_timestamp(floor(extract(epoch from now()) / ${WINDOW_SECONDS}::int) * ${WINDOW_SECONDS}::int) as opened)
        insert into rate_limits (key, window_start, count)
        select ${bytes}::bytea, opened, ${current}::int from clock where ${current}::int > 0
        union all
        select ${bytes}::bytea, opened - make_interval(secs => ${WINDOW_SECONDS}::int), ${previous}::int from clock`;
      const { taken, counts } = await storeAt(0).take(key, { limit, windowSeconds: WINDOW_SECONDS, cost: 1 });
      expect(counts).toMatchObject({ previous, current: current + (taken ? 1 : 0) });
      expect(counts.elapsed).toBeGreaterThanOrEqual(0);
      expect(counts.elapsed).toBeLessThan(1);
      expect(taken).toBe(estimate({ previous, current, elapsed: counts.elapsed }) + 1 <= limit);
    }),
    { numRuns: 100 },
  );
});

test('keys do not share a budget', async () => {
  const request = { limit: 1, windowSeconds: WINDOW_SECONDS, cost: 1 };
  for (const key of [aKey(), aKey()]) {
    expect((await storeAt(0).take(key, request)).taken).toBe(true);
    expect((await storeAt(1).take(key, request)).taken).toBe(false);
  }
});

test('two processes share the limit of an address, leases included', async () => {
  const secret = 'the secret of both';
  const limiters = [0, 1].map((index) => createRateLimiter({ store: storeAt(index), secret }));
  const policy = { name: 'anonymous', limit: 40, lease: 10, whenStoreFails: 'refuse' } as const;
  const outcomes = await Promise.allSettled(
    Array.from({ length: 100 }, (_, index) => limiters[index % 2]?.charge(policy, '192.0.2.1')),
  );
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(refused.every(({ reason }) => RateLimited.is(reason))).toBe(true);
  // When the run crosses the turn of a minute, a part of the new window's budget is there as well.
  const passed = outcomes.length - refused.length;
  expect(passed).toBeGreaterThanOrEqual(40);
  expect(passed).toBeLessThan(80);
});

test('the composed product limits sign-ins by address across processes: five a minute, IPv6 by the /64', async () => {
  const env = { RATE_LIMIT_AUTH_PER_MINUTE: '5' };
  const first = await createWorld({ env });
  const second = await createWorld({ env, databaseUrl: first.databaseUrl });
  try {
    const charge = (index: number, ip: string) =>
      (index % 2 === 0 ? first : second).services.limits.chargeAddress('auth', ip);
    const addresses = ['2001:db8:1:2::1', '2001:db8:1:2::2', '2001:db8:1:2:ffff::'];
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => charge(index, addresses[index % 3] ?? '')),
    );
    const passed = outcomes.filter(({ status }) => status === 'fulfilled').length;
    expect(passed).toBeGreaterThanOrEqual(5);
    expect(passed).toBeLessThan(10);
    await charge(0, '2001:db8:1:3::1');
  } finally {
    await second.close();
    await first.close();
  }
});

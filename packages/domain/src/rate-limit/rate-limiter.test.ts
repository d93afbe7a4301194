import { RateLimited, Unavailable } from '@morket/contract/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RateLimitStore } from './rate-limit.store.ts';
import { createRateLimiter, type RatePolicy } from './rate-limiter.ts';
import { estimate } from './window.model.ts';

const START = Date.parse('2026-03-15T12:00:00Z');

/** A store by the same rule as the real ones, on a clock of the test's own. */
function aStore(clock: { now: number }) {
  const counts = new Map<string, number>();
  const seen = { takes: 0, keys: new Set<string>(), taken: 0 };
  const store: RateLimitStore = {
    async take(key, { limit, windowSeconds, cost }) {
      seen.takes += 1;
      seen.keys.add(key.toString('hex'));
      const position = clock.now / 1_000 / windowSeconds;
      const index = Math.floor(position);
      const of = (window: number) => counts.get(`${key.toString('hex')} ${window}`) ?? 0;
      const state = { previous: of(index - 1), current: of(index), elapsed: position - index };
      const taken = estimate(state) + cost <= limit;
      if (taken) {
        counts.set(`${key.toString('hex')} ${index}`, state.current + cost);
        seen.taken += cost;
      }
      return { taken, counts: taken ? { ...state, current: state.current + cost } : state };
    },
  };
  return { store, seen };
}

const aPolicy = (overrides: Partial<RatePolicy> = {}): RatePolicy => ({
  name: 'test',
  limit: 5,
  lease: 1,
  whenStoreFails: 'refuse',
  ...overrides,
});

function aLimiter() {
  const clock = { now: START };
  const { store, seen } = aStore(clock);
  return { clock, seen, store, limiter: createRateLimiter({ store, secret: 'secret', now: () => clock.now }) };
}

const outcomeOf = (work: Promise<void>): Promise<'passed' | number> =>
  work.then(
    () => 'passed' as const,
    (err: unknown) => {
      if (RateLimited.is(err)) return err.details.retryAfterSeconds;
      throw err;
    },
  );

async function passedOf(calls: number, charge: () => Promise<void>): Promise<number> {
  const outcomes = await Promise.all(Array.from({ length: calls }, () => outcomeOf(charge())));
  return outcomes.filter((outcome) => outcome === 'passed').length;
}

test('exactly the limit passes, one by one or at once', async () => {
  const { limiter } = aLimiter();
  expect(await passedOf(20, () => limiter.charge(aPolicy(), 'at-once'))).toBe(5);
  const one: unknown[] = [];
  for (let call = 0; call < 6; call += 1) one.push(await outcomeOf(limiter.charge(aPolicy(), 'one-by-one')));
  expect(one.slice(0, 5)).toEqual(Array(5).fill('passed'));
  expect(one[5]).toBeGreaterThan(0);
});

/** Invariant: whoever is refused and comes back after Retry-After passes, whenever in the minute that is. */
test('after Retry-After a call passes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 30 }),
      fc.nat(59_999),
      fc.nat(200_000),
      fc.constantFrom(1, 3, 50),
      async (limit, offset, pause, lease) => {
        const { limiter, clock } = aLimiter();
        clock.now += offset;
        const policy = aPolicy({ limit, lease });
        await passedOf(limit, () => limiter.charge(policy, 'ip'));
        clock.now += pause;
        await passedOf(limit * 2, () => limiter.charge(policy, 'ip'));
        const refused = await outcomeOf(limiter.charge(policy, 'ip'));
        if (refused === 'passed') return;
        expect(refused).toBeLessThanOrEqual(120);
        // Nobody's answer and next call are less than a millisecond apart; the fractions of a window are not exact to the last bit.
        clock.now += refused * 1_000 + 1;
        expect(await outcomeOf(limiter.charge(policy, 'ip'))).toBe('passed');
      },
    ),
    { numRuns: 300 },
  );
});

/** Invariant: however calls are spread over time, the store never hands out more than two limits within any two windows. */
test('a sliding window holds the rate', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(9_000), { minLength: 30, maxLength: 80 }),
      fc.constantFrom(1, 4),
      async (pauses, lease) => {
        const { limiter, clock } = aLimiter();
        const passedAt: number[] = [];
        for (const pause of pauses) {
          clock.now += pause;
          if ((await outcomeOf(limiter.charge(aPolicy({ limit: 8, lease }), 'ip'))) === 'passed')
            passedAt.push(clock.now);
        }
        for (const begin of passedAt) {
          const within = passedAt.filter((at) => at >= begin && at < begin + 60_000).length;
          // What a sliding counter promises: the limit, and during the window's turn at most once more.
          expect(within).toBeLessThanOrEqual(16);
        }
      },
    ),
  );
});

test('a refused call is not charged: a flood does not keep its caller out', async () => {
  const { limiter, clock, seen } = aLimiter();
  await passedOf(5, () => limiter.charge(aPolicy(), 'ip'));
  for (let second = 0; second < 60; second += 1) {
    await passedOf(10, () => limiter.charge(aPolicy(), 'ip'));
    clock.now += 500;
  }
  expect(seen.taken).toBeLessThanOrEqual(6);
  clock.now += 120_000;
  expect(await passedOf(10, () => limiter.charge(aPolicy(), 'ip'))).toBe(5);
});

test('a flood is answered from memory', async () => {
  const { limiter, seen } = aLimiter();
  for (let call = 0; call < 500; call += 1) await outcomeOf(limiter.charge(aPolicy(), 'ip'));
  expect(seen.takes).toBe(6);
});

describe('a lease', () => {
  test('spares the store most calls and gives away none', async () => {
    const { limiter, seen } = aLimiter();
    const policy = aPolicy({ limit: 100, lease: 10 });
    for (let call = 0; call < 100; call += 1) expect(await outcomeOf(limiter.charge(policy, 'user'))).toBe('passed');
    expect(seen.takes).toBe(10);
    expect(await outcomeOf(limiter.charge(policy, 'user'))).not.toBe('passed');
  });

  test('larger than what is left shrinks to the call itself', async () => {
    const { limiter } = aLimiter();
    expect(await passedOf(30, () => limiter.charge(aPolicy({ limit: 7, lease: 50 }), 'user'))).toBe(7);
    const sequential = aLimiter().limiter;
    let passed = 0;
    for (let call = 0; call < 30; call += 1) {
      if ((await outcomeOf(sequential.charge(aPolicy({ limit: 13, lease: 5 }), 'user'))) === 'passed') passed += 1;
    }
    expect(passed).toBe(13);
  });

  test('is shared by calls that come at once: a burst does not use the limit up', async () => {
    const { limiter, seen } = aLimiter();
    const policy = aPolicy({ limit: 1_000, lease: 50 });
    expect(await passedOf(30, () => limiter.charge(policy, 'user'))).toBe(30);
    expect(seen.taken).toBe(50);
    expect(await passedOf(1_500, () => limiter.charge(policy, 'user'))).toBe(970);
  });

  test('ends with its window', async () => {
    const { limiter, clock, seen } = aLimiter();
    const policy = aPolicy({ limit: 10, lease: 10 });
    await limiter.charge(policy, 'user');
    clock.now += 60_000;
    await outcomeOf(limiter.charge(policy, 'user'));
    expect(seen.takes).toBeGreaterThan(1);
  });
});

test('subjects and policies do not share a budget, and the store sees neither', async () => {
  const { limiter, seen } = aLimiter();
  for (const subject of ['192.0.2.1', '192.0.2.2']) {
    for (const name of ['auth', 'refresh']) {
      expect(await passedOf(9, () => limiter.charge(aPolicy({ name }), subject))).toBe(5);
    }
  }
  expect(seen.keys.size).toBe(4);
  for (const key of seen.keys) expect(key).toMatch(/^[0-9a-f]{64}$/);
});

test('a limit of 0 switches it off', async () => {
  const { limiter, seen } = aLimiter();
  expect(await passedOf(50, () => limiter.charge(aPolicy({ limit: 0 }), 'ip'))).toBe(50);
  expect(seen.takes).toBe(0);
});

describe('while the store is out of reach', () => {
  const failures: unknown[] = [];
  const broken: RateLimitStore = { take: () => Promise.reject(new Error('down')) };
  const limiter = createRateLimiter({
    store: broken,
    secret: 'secret',
    onStoreFailure: (err) => void failures.push(err),
  });

  test('a guarded entrance stays shut', async () => {
    await expect(limiter.charge(aPolicy(), 'ip')).rejects.toSatisfy(Unavailable.is);
  });

  test('calls that come at once wait for one answer, not for one after the other', async () => {
    failures.length = 0;
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => limiter.charge(aPolicy(), 'burst')));
    expect(outcomes.every((outcome) => outcome.status === 'rejected' && Unavailable.is(outcome.reason))).toBe(true);
    expect(failures).toHaveLength(1);
  });

  test('an ordinary one stays open, and each failure is told', async () => {
    failures.length = 0;
    await limiter.charge(aPolicy({ whenStoreFails: 'allow' }), 'ip');
    expect(failures).toHaveLength(1);
  });
});

test('the memory for subjects is bounded, and forgetting one gives nothing away', async () => {
  const { limiter, seen } = aLimiter();
  await passedOf(6, () => limiter.charge(aPolicy(), 'first'));
  for (let other = 0; other < 10_000; other += 1) await limiter.charge(aPolicy(), `other-${other}`);
  const before = seen.takes;
  expect(await outcomeOf(limiter.charge(aPolicy(), 'first'))).not.toBe('passed');
  expect(seen.takes).toBe(before + 1);
});

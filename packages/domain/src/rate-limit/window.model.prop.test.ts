import fc from 'fast-check';
import { expect, test } from 'vitest';
import { estimate, secondsUntilFree, type WindowCounts } from './window.model.ts';

const WINDOW_SECONDS = 60;
const limit = fc.integer({ min: 1, max: 1_000 });
const full = fc.record({
  limit,
  previous: fc.nat(1_000),
  current: fc.nat(1_000),
  elapsed: fc.double({ min: 0, max: 0.999_999, noNaN: true }),
});

/** The same key `seconds` later, if nobody called in between. */
function later({ previous, current, elapsed }: WindowCounts, seconds: number): WindowCounts {
  const passed = elapsed + seconds / WINDOW_SECONDS;
  const windows = Math.floor(passed);
  const rest = { elapsed: passed - windows };
  if (windows === 0) return { previous, current, ...rest };
  return windows === 1 ? { previous: current, current: 0, ...rest } : { previous: 0, current: 0, ...rest };
}

/**
 * Invariant: a caller who is refused and waits as long as told gets through, if nobody else calls; and is never told to
 * wait for more than two windows. A millisecond is allowed for: it is less than a clock is worth.
 */
test('after the wait there is room', () => {
  fc.assert(
    fc.property(full, ({ limit: allowed, ...given }) => {
      const counts = {
        previous: Math.min(given.previous, allowed),
        current: Math.min(given.current, allowed),
        elapsed: given.elapsed,
      };
      fc.pre(estimate(counts) + 1 > allowed);
      const seconds = secondsUntilFree(counts, allowed, WINDOW_SECONDS);
      expect(Number.isSafeInteger(seconds)).toBe(true);
      expect(seconds).toBeGreaterThanOrEqual(1);
      expect(seconds).toBeLessThanOrEqual(2 * WINDOW_SECONDS);
      expect(estimate(later(counts, seconds + 0.001)) + 1).toBeLessThanOrEqual(allowed);
    }),
    { numRuns: 2_000 },
  );
});

/** Invariant: the wait is not longer than needed: a whole second earlier there is no room yet. */
test('the wait is the shortest whole number of seconds', () => {
  fc.assert(
    fc.property(full, ({ limit: allowed, ...given }) => {
      const counts = {
        previous: Math.min(given.previous, allowed),
        current: Math.min(given.current, allowed),
        elapsed: given.elapsed,
      };
      fc.pre(estimate(counts) + 1 > allowed);
      const seconds = secondsUntilFree(counts, allowed, WINDOW_SECONDS);
      if (seconds > 1) expect(estimate(later(counts, seconds - 1.001)) + 1).toBeGreaterThan(allowed);
    }),
    { numRuns: 2_000 },
  );
});

/** Invariant: the estimate fades from the previous window's count to the current one's, and never leaves that range. */
test('the previous window fades out', () => {
  fc.assert(
    fc.property(full, ({ previous, current, elapsed }) => {
      const held = estimate({ previous, current, elapsed });
      expect(held).toBeGreaterThanOrEqual(current);
      expect(held).toBeLessThanOrEqual(previous + current);
    }),
  );
});

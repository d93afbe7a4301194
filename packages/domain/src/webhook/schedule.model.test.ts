import { describe, expect, test } from 'vitest';
import { JITTER, RETRY_DELAYS_MS, retryAfterMs, retryDelayMs } from './schedule.model.ts';

describe('the schedule', () => {
  test('is the published one: at once, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h', () => {
    const hours = RETRY_DELAYS_MS.map((delayMs) => delayMs / 3_600_000);
    expect(hours).toEqual([0, 5 / 3_600, 5 / 60, 0.5, 2, 5, 10, 14, 20, 24]);
  });

  test('each failure leads to the next delay, the tenth to none', () => {
    const delays = Array.from({ length: 11 }, (_, index) => retryDelayMs(index, 0.5));
    expect(delays).toEqual([...RETRY_DELAYS_MS, null]);
  });

  test('is spread to both sides by the jitter and no further', () => {
    for (const [attempts, delayMs] of RETRY_DELAYS_MS.entries()) {
      expect(retryDelayMs(attempts, 0)).toBe(Math.round(delayMs * (1 - JITTER)));
      expect(retryDelayMs(attempts, 0.999_999)).toBeLessThanOrEqual(Math.round(delayMs * (1 + JITTER)));
    }
    expect(retryDelayMs(1, 0)).not.toBe(retryDelayMs(1, 0.9));
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(2026, 10, 21, 12);
  test.each([
    ['120', 120_000],
    ['0', 1_000],
    ['999999999', 3_600_000],
    ['Sat, 21 Nov 2026 12:01:00 GMT', 60_000],
    ['Sat, 21 Nov 2026 11:00:00 GMT', 1_000],
    ['Sun, 21 Nov 2027 11:00:00 GMT', 3_600_000],
    ['soon', null],
    ['', null],
    ['-5', null],
    [undefined, null],
  ])('%s asks for %s ms', (header, wanted) => {
    expect(retryAfterMs(header, now)).toBe(wanted);
  });
});

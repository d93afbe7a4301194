import { describe, expect, test } from 'vitest';
import { DISABLED_AFTER_MS, decideHealth, type Health, OPENS_AFTER, verdictOf } from './health.model.ts';

const well: Health = { consecutiveFailures: 0, failingForMs: null, pausedForMs: 0 };
const plain = { retryAfterMs: null, random: 0.5 };

describe('verdictOf', () => {
  test.each([
    [200, 'delivered'],
    [204, 'delivered'],
    [299, 'delivered'],
    [300, 'failed'],
    [301, 'failed'],
    [308, 'failed'],
    [400, 'failed'],
    [404, 'failed'],
    [410, 'gone'],
    [429, 'overloaded'],
    [500, 'failed'],
    [502, 'overloaded'],
    [503, 'failed'],
    [504, 'overloaded'],
    [199, 'failed'],
    [null, 'failed'],
  ])('%s means %s', (status, verdict) => {
    expect(verdictOf(status, false)).toBe(verdict);
  });

  test('a 503 that says when to come back is an overloaded one', () => {
    expect(verdictOf(503, true)).toBe('overloaded');
  });
});

describe('the circuit', () => {
  const failed = (consecutiveFailures: number, pausedForMs = 0): Health => ({
    consecutiveFailures,
    failingForMs: 1_000,
    pausedForMs,
  });

  test('stays closed for few failures and opens at the fifth', () => {
    expect(decideHealth(failed(OPENS_AFTER - 2), 'failed', plain).pauseMs).toBeNull();
    expect(decideHealth(failed(OPENS_AFTER - 1), 'failed', plain)).toMatchObject({
      consecutiveFailures: OPENS_AFTER,
      pauseMs: 30_000,
    });
  });

  test('each probe that fails doubles the pause, up to a quarter of an hour', () => {
    const pauses = [5, 6, 7, 8, 9, 40].map((failures) => decideHealth(failed(failures), 'failed', plain).pauseMs);
    expect(pauses).toEqual([60_000, 120_000, 240_000, 480_000, 900_000, 900_000]);
  });

  test('failures of attempts that were under way when it opened neither count nor lengthen the pause', () => {
    expect(decideHealth(failed(OPENS_AFTER, 20_000), 'failed', plain)).toMatchObject({
      consecutiveFailures: OPENS_AFTER,
      pauseMs: 20_000,
    });
  });

  test('one success closes it', () => {
    expect(decideHealth(failed(12, 20_000), 'delivered', plain)).toEqual({
      consecutiveFailures: 0,
      pauseMs: null,
      disable: null,
    });
  });
});

describe('an overloaded receiver', () => {
  test('is left alone for as long as it asks', () => {
    expect(decideHealth(well, 'overloaded', { retryAfterMs: 7_000, random: 0 }).pauseMs).toBe(7_000);
  });

  test('is slowed down from the first time on where it does not say', () => {
    expect(decideHealth(well, 'overloaded', plain).pauseMs).toBe(10_000);
    expect(decideHealth({ ...well, consecutiveFailures: 1, failingForMs: 0 }, 'overloaded', plain).pauseMs).toBe(
      20_000,
    );
  });

  test('may lengthen a pause that is under way', () => {
    const paused = { ...well, consecutiveFailures: 1, failingForMs: 0, pausedForMs: 5_000 };
    expect(decideHealth(paused, 'overloaded', { retryAfterMs: 60_000, random: 0.5 }).pauseMs).toBe(60_000);
    expect(decideHealth(paused, 'overloaded', { retryAfterMs: 1_000, random: 0.5 }).pauseMs).toBe(5_000);
  });
});

describe('switching off', () => {
  test('a receiver that is gone at once, one that fails after five days without a success', () => {
    expect(decideHealth(well, 'gone', plain).disable).toBe('gone');
    const failing = (failingForMs: number) =>
      decideHealth({ ...well, consecutiveFailures: 20, failingForMs }, 'failed', plain);
    expect(failing(DISABLED_AFTER_MS - 1).disable).toBeNull();
    expect(failing(DISABLED_AFTER_MS).disable).toBe('failing');
    expect(DISABLED_AFTER_MS).toBe(5 * 86_400_000);
  });
});

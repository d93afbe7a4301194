import { randomInt } from 'node:crypto';
import { flawOf } from '@morket/testing/event-chaos/books';
import { runEventChaos } from '@morket/testing/event-chaos/run';
import { createTestDatabase, type TestDatabase } from '@morket/testing/template-database';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** The long form is `npm run chaos`. */
const TIMEOUT_MS = 120_000;

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

test('every event takes effect once and in order, whichever workers are killed', { timeout: TIMEOUT_MS }, async () => {
  const seed = randomInt(2 ** 30);
  const report = await runEventChaos({ databaseUrl: database.url, seed, workers: 2, kills: 3, cuts: 4 });
  console.log(
    `seed ${seed}: ${report.events} events, ${report.blows} blows, delivered after ${report.drainedAfterMs} ms`,
  );
  expect(report.violations, `seed ${seed}`).toEqual([]);
  expect(report.events).toBeGreaterThan(200);
});

test('workers that do not note what they have processed are caught', { timeout: TIMEOUT_MS }, async () => {
  const seed = randomInt(2 ** 30);
  const options = { databaseUrl: database.url, seed, workers: 1, kills: 1, cuts: 5, forgetful: true };
  const { violations } = await runEventChaos(options);
  expect(violations, `seed ${seed}`).not.toEqual([]);
});

test('what is missing, doubled or out of order is a flaw', () => {
  expect(flawOf([1, 2, 3], 3)).toBeNull();
  expect(flawOf([], 0)).toBeNull();
  for (const effects of [
    [1, 2],
    [1, 2, 2, 3],
    [2, 1, 3],
    [1, 3],
    [1, 2, 3, 4],
  ])
    expect(flawOf(effects, 3)).not.toBeNull();
});

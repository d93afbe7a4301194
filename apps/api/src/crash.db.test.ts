import { randomInt } from 'node:crypto';
import { type Kill, runCrashes } from '@morket/testing/crash/run';
import { expect, test } from 'vitest';

/** The long form is `npm run chaos`. */
const TIMEOUT_MS = 120_000;
const IN_FLIGHT = 32;

test('what was answered is there, once, after every kill -9 of the API and of PostgreSQL', {
  timeout: TIMEOUT_MS,
}, async () => {
  const seed = randomInt(2 ** 30);
  const report = await runCrashes({ seed, apiKills: 3, postgresKills: 2, inFlight: IN_FLIGHT });
  expect(report.violations, `seed ${seed}`).toEqual([]);
  // The kills came in the midst of work, and the answers that were asked for again were there.
  const interruptedBy = (target: Kill['target']) =>
    report.kills.filter((kill) => kill.target === target).map(({ interrupted }) => interrupted);
  for (const interrupted of interruptedBy('api')) expect(interrupted).toBeGreaterThan(0);
  // Backends that outlive their postmaster for a moment may finish what they have.
  const all = [...interruptedBy('api'), ...interruptedBy('postgres')];
  expect(all.reduce((sum, interrupted) => sum + interrupted, 0)).toBeGreaterThan(IN_FLIGHT);
  expect(report.retried).toBeGreaterThan(IN_FLIGHT);
  expect(report.answered).toBeGreaterThan(500);
  expect(report.refused).toBeGreaterThan(0);
});

test('a PostgreSQL that answers before its log is on disk is caught', { timeout: TIMEOUT_MS }, async () => {
  const seed = randomInt(2 ** 30);
  const options = { seed, apiKills: 0, postgresKills: 1, inFlight: IN_FLIGHT };
  const report = await runCrashes({ ...options, synchronousCommit: false });
  expect(report.violations).toContainEqual(expect.stringContaining('which is not there as it was told'));
});

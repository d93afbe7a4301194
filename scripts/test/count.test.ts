import { expect, test } from 'vitest';
import { closingLine, countTests } from './count.ts';

const file = (status: 'passed' | 'failed', ...statuses: string[]) => ({
  status,
  assertionResults: statuses.map((each) => ({ status: each })),
});

test('a clean run counts its tests', () => {
  const report = { testResults: [file('passed', 'passed', 'passed'), file('passed', 'passed', 'skipped', 'pending')] };
  expect(countTests(report, 0)).toEqual({ passed: 3, failed: 0, skipped: 2 });
});

test('a file that does not load is one failure, one with failed tests is as many as they are', () => {
  const report = { testResults: [file('failed'), file('failed', 'failed', 'failed', 'passed')] };
  expect(countTests(report, 1)).toEqual({ passed: 1, failed: 3, skipped: 0 });
});

test('a suite hook that fails after its tests passed is a failure', () => {
  expect(countTests({ testResults: [file('failed', 'passed')] }, 1)).toMatchObject({ passed: 1, failed: 1 });
});

test.each([
  ['failed although every test passed', { testResults: [file('passed', 'passed')] }, 1],
  ['left no report', null, 0],
  ['found no test', { testResults: [] }, 0],
  ['skipped every test', { testResults: [file('passed', 'skipped')] }, 0],
])('a run that %s is a failure', (_, report, exitCode) => {
  expect(countTests(report, exitCode).failed).toBe(1);
});

test('the closing line names skipped tests only where there are some', () => {
  expect(closingLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed');
  expect(closingLine({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped');
});

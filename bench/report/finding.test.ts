import { expect, test } from 'vitest';
import { type Finding, summaryOf, verdictOf } from './finding.ts';

const at = (median: number) => ({ median, min: 0, max: 1_000 });

test.each([
  [at(3.5), { atLeast: 3.5 }, 'met'],
  [at(3.4999), { atLeast: 3.5 }, 'missed'],
  [at(50), { atMost: 50 }, 'met'],
  [at(50.01), { atMost: 50 }, 'missed'],
  [at(Number.NaN), { atLeast: 1 }, 'missed'],
  [null, { atLeast: 1 }, 'skipped'],
  [null, undefined, 'skipped'],
  [at(7), undefined, ''],
] as const)('%j against %j is %s', (value, target, verdict) => {
  expect(verdictOf({ value, ...(target && { target }) })).toBe(verdict);
});

test('a latency is not met where calls were refused', () => {
  expect(verdictOf({ value: at(10), target: { atMost: 50 }, refused: 1 })).toBe('missed');
  expect(verdictOf({ value: at(10), target: { atMost: 50 }, refused: 0 })).toBe('met');
});

test('the summary counts targets alone', () => {
  const finding = (value: Finding['value'], target?: Finding['target']): Finding => ({
    suite: 'ledger',
    what: 'a debit',
    against: 'a reference',
    unit: '×',
    value,
    ...(target && { target }),
  });
  const findings = [finding(at(1), { atLeast: 1 }), finding(at(1), { atLeast: 2 }), finding(at(9)), finding(null)];
  expect(summaryOf(findings)).toBe('2 targets: 1 met, 1 missed.');
  expect(summaryOf([...findings, finding(null, { atLeast: 1 })])).toBe('3 targets: 1 met, 1 missed, 1 skipped.');
});

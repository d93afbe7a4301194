import { describe, expect, test } from 'vitest';
import type { Finding } from './finding.ts';
import { formatNumber, markdownTable, textTable } from './table.ts';

const measured: Finding = {
  suite: 'transport',
  what: 'query',
  against: 'stock adapter',
  unit: '×',
  value: { median: 5.123, min: 4.9, max: 12.34 },
  byCpu: { median: 6, min: 5, max: 7 },
  target: { atLeast: 3.5 },
};
const skipped: Finding = {
  suite: 'ledger',
  what: 'hot',
  against: 'pgbench',
  unit: '×',
  value: null,
  target: { atLeast: 10 },
  note: 'no pgbench',
};
const duration: Finding = {
  suite: 'ledger',
  what: 'p99',
  against: null,
  unit: 'ms',
  value: { median: 61, min: 50, max: 250 },
  target: { atMost: 50 },
};

test.each([
  [0.456, '0.46'],
  [9.99, '9.99'],
  [12.34, '12.3'],
  [1234.5, '1235'],
  [Number.NaN, '?'],
])('%d reads %s', (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

describe('the table', () => {
  test('of a terminal is aligned and names every verdict', () => {
    expect(textTable([measured, skipped, duration]).split('\n')).toEqual([
      'what   against        result      of the rounds  by CPU  target   verdict',
      '─────  ─────────────  ──────────  ─────────────  ──────  ───────  ───────',
      'query  stock adapter  5.12 ×      4.90 – 12.3    6.00 ×  ≥ 3.5 ×  met',
      'hot    pgbench        no pgbench                         ≥ 10 ×   skipped',
      'p99    –              61.0 ms     50.0 – 250             ≤ 50 ms  missed',
    ]);
  });

  test('says what is to know about a value', () => {
    const [, , line] = textTable([{ ...duration, refused: 3, note: '3 calls refused' }]).split('\n');
    expect(line).toMatch(/^p99 \(3 calls refused\) /);
  });

  test('of the documentation holds the same cells', () => {
    expect(markdownTable([measured]).split('\n')).toEqual([
      '| what | against | result | of the rounds | by CPU | target | verdict |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      '| query | stock adapter | 5.12 × | 4.90 – 12.3 | 6.00 × | ≥ 3.5 × | met |',
    ]);
  });

  test('a bar in a name does not break a row', () => {
    expect(markdownTable([{ ...measured, what: 'a|b' }])).toContain('| a\\|b |');
  });
});

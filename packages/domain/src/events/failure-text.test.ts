import { InsufficientCredits } from '@morket/contract/billing';
import { expect, test } from 'vitest';
import { failureText } from './failure-text.ts';

test('what a failure is kept as can be stored: no NUL, no half of a surrogate pair, no more than a thousand characters', () => {
  expect(failureText(new TypeError('a\0b\ud800c'))).toBe('TypeError: ab\ufffdc');
  expect(failureText('\0')).toBe('Error: ');
  const cut = failureText(new Error(`${'x'.repeat(992)}\u{1f600}`));
  expect(cut).toHaveLength(1_000);
  expect(cut.isWellFormed()).toBe(true);
});

test('a failure of the catalogue begins with its code', () => {
  expect(failureText(InsufficientCredits({ required: 5, available: 1 }))).toMatch(/^billing\.insufficient_credits: /);
});

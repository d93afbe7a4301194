import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lengthPrefixed } from './bytes.ts';

const fields = fc.array(
  fc.string({ unit: 'grapheme', maxLength: 6 }).filter((value) => value.isWellFormed()),
  { maxLength: 5 },
);

/** Invariant: two different lists of fields never give the same bytes. */
test('joining loses nothing', () => {
  fc.assert(
    fc.property(fields, fields, (a, b) => {
      const same = a.length === b.length && a.every((field, index) => field === b[index]);
      expect(lengthPrefixed(...a).equals(lengthPrefixed(...b))).toBe(same);
      expect(lengthPrefixed(a.join('')).equals(lengthPrefixed(...a))).toBe(a.length === 1);
    }),
    { numRuns: 300 },
  );
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PageInput } from './page.ts';
import { isStorableText, line, text } from './text.ts';
import { CreditAmount, Id, IdempotencyKey } from './values.ts';

const anyUnit = fc.nat(0x10ffff).map((code) => String.fromCodePoint(code));
const hostileUnit = fc.oneof(anyUnit, fc.constantFrom('a', '\u0000', '\uD800', '\uDC00', '\n', '\u0085', ' '));
const hostileText = fc.string({ unit: hostileUnit, maxLength: 20 });

/** Invariant: accepted text survives UTF-8 and holds no NUL, which is what PostgreSQL asks of a text value. */
test('accepted text comes back from UTF-8 as it was', () => {
  fc.assert(
    fc.property(hostileText, (given) => {
      const survives = Buffer.from(given, 'utf8').toString('utf8') === given && !given.includes('\u0000');
      expect(isStorableText(given)).toBe(survives);
      expect(text(20).safeParse(given).success).toBe(survives && given.length <= 20);
    }),
    { numRuns: 500 },
  );
});

/** Invariant: an accepted line is trimmed, not empty and holds no control character. */
test('an accepted line is one line', () => {
  fc.assert(
    fc.property(hostileText, (given) => {
      const parsed = line(60).safeParse(given);
      if (!parsed.success) return;
      expect(parsed.data).toBe(given.trim());
      expect(parsed.data).not.toMatch(/\p{Cc}/u);
      expect(parsed.data).not.toBe('');
    }),
    { numRuns: 500 },
  );
});

describe('a line', () => {
  test.each([
    ['nothing', ''],
    ['space alone', ' \t '],
    ['a line break inside', 'a\nb'],
    ['an escape sequence', 'a\u001B[31mb'],
    ['a C1 control', 'a\u0085b'],
    ['a NUL', 'a\u0000b'],
    ['61 characters', 'a'.repeat(61)],
  ])('refuses %s', (_, given) => {
    expect(line(60).safeParse(given).success).toBe(false);
  });
});

test('two spellings of one id compare equal', () => {
  fc.assert(fc.property(fc.uuid(), (id) => Id.parse(id.toUpperCase()) === id.toLowerCase()));
});

test('credits are whole, positive and exact', () => {
  for (const good of [1, Number.MAX_SAFE_INTEGER]) expect(CreditAmount.parse(good)).toBe(good);
  for (const bad of [0, -1, 1.5, Number.MAX_SAFE_INTEGER + 1, Number.NaN, Number.POSITIVE_INFINITY, '5', null, 5n]) {
    expect(CreditAmount.safeParse(bad).success).toBe(false);
  }
});

test('an idempotency key has 8 to 200 characters', () => {
  for (const length of [8, 200]) expect(IdempotencyKey.safeParse('k'.repeat(length)).success).toBe(true);
  for (const length of [0, 7, 201]) expect(IdempotencyKey.safeParse('k'.repeat(length)).success).toBe(false);
});

test('a page is bounded: 20 items unless asked otherwise, never more than 100', () => {
  expect(PageInput.parse({})).toEqual({ page: 1, limit: 20 });
  for (const bad of [{ page: 0 }, { limit: 0 }, { limit: 101 }, { page: 1.5 }, { page: 1_000_001 }]) {
    expect(PageInput.safeParse(bad).success).toBe(false);
  }
});

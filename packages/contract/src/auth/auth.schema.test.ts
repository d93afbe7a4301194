import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GivenPassword, NewPassword, PASSWORD_MAX_BYTES, PASSWORD_MIN_BYTES, RegisterInput } from './auth.schema.ts';

const bytes = (value: string) => Buffer.byteLength(value.normalize('NFC'), 'utf8');

describe('a new password has 8 to 72 bytes of UTF-8 after NFC', () => {
  test.each([
    ['8 ASCII characters', 'abcdefgh', true],
    ['7 ASCII characters', 'abcdefg', false],
    ['72 ASCII characters', 'a'.repeat(72), true],
    ['73 ASCII characters', 'a'.repeat(73), false],
    ['2 emoji of 4 bytes', '🦉🦉', true],
    ['1 emoji of 4 bytes', '🦉', false],
    ['18 emoji of 4 bytes', '🦉'.repeat(18), true],
    ['18 emoji and one letter', `${'🦉'.repeat(18)}a`, false],
    ['36 umlauts of 2 bytes', 'ü'.repeat(36), true],
    ['37 umlauts of 2 bytes', 'ü'.repeat(37), false],
    ['36 decomposed umlauts: 108 bytes before NFC, 72 after it', 'u\u0308'.repeat(36), true],
    ['37 decomposed umlauts', 'u\u0308'.repeat(37), false],
    ['4 decomposed umlauts: 12 bytes before NFC, 8 after it', 'u\u0308'.repeat(4), true],
    ['3 decomposed umlauts: 9 bytes before NFC, 6 after it', 'u\u0308'.repeat(3), false],
    ['a family emoji of 25 bytes', '👨‍👩‍👧‍👦', true],
    ['spaces, which count', '        ', true],
    ['a NUL', 'abcdefgh\u0000', false],
    ['half of a surrogate pair', 'abcdefgh\uD800', false],
  ])('%s', (_, given, accepted) => {
    expect(NewPassword.safeParse(given).success).toBe(accepted);
  });
});

/** Invariant: a password is accepted exactly when its NFC form has 8 to 72 bytes, and nothing of it is trimmed or folded. */
test('acceptance depends on the bytes alone', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (given) => {
      fc.pre(given.isWellFormed() && !given.includes('\u0000') && given.length <= 200);
      const parsed = NewPassword.safeParse(given);
      expect(parsed.success).toBe(bytes(given) >= PASSWORD_MIN_BYTES && bytes(given) <= PASSWORD_MAX_BYTES);
      if (parsed.success) expect(parsed.data).toBe(given.normalize('NFC'));
    }),
    { numRuns: 500 },
  );
});

test('two ways of typing a letter are one password', () => {
  expect(NewPassword.parse('mu\u0308hlenweg')).toBe(NewPassword.parse('mühlenweg'));
  expect(GivenPassword.parse('mu\u0308hlenweg')).toBe(NewPassword.parse('mühlenweg'));
});

test('a presented password may have any form: the answer must not tell what a stored one looks like', () => {
  for (const given of ['a', 'a'.repeat(73), 'a'.repeat(1_000), ' '])
    expect(GivenPassword.safeParse(given).success).toBe(true);
  for (const given of ['', 'a'.repeat(1_001)]) expect(GivenPassword.safeParse(given).success).toBe(false);
});

test('registering yields the canonical address and a trimmed name', () => {
  const input = { email: ' ADA@Example.com', password: 'correct horse', name: ' Ada ' };
  expect(RegisterInput.parse(input)).toEqual({ email: 'ada@example.com', password: 'correct horse', name: 'Ada' });
});

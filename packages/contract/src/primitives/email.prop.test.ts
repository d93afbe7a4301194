import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalEmail, Email } from './email.ts';

const anything = fc.string({ unit: 'grapheme', maxLength: 40 });
const addressLike = fc
  .tuple(anything, fc.constantFrom('@', '\uFF20', '\uFE6B'), anything)
  .map((parts) => parts.join(''));
const plain = fc
  .tuple(fc.stringMatching(/^[A-Za-z0-9]{1,12}(\.[A-Za-z0-9]{1,6})?$/), fc.stringMatching(/^[A-Za-z0-9]{1,12}$/))
  .map(([name, domain]) => `${name}@${domain}.example`);

/** Invariant: the canonical form is its own canonical form, so no account can be registered twice through two spellings. */
test('parsing twice is parsing once', () => {
  fc.assert(
    fc.property(fc.oneof(addressLike, fc.emailAddress(), plain), (given) => {
      const first = Email.safeParse(given);
      fc.pre(first.success);
      expect(Email.parse(first.data)).toBe(first.data);
    }),
    { numRuns: 500 },
  );
});

/** Invariant: whatever is accepted is plain ASCII without space or control characters: no header and no log can be split by it. */
test('what is accepted is printable ASCII in lower case', () => {
  fc.assert(
    fc.property(fc.oneof(addressLike, fc.emailAddress()), (given) => {
      const parsed = Email.safeParse(given);
      if (parsed.success) expect(parsed.data).toMatch(/^[\x21-\x40\x5b-\x7e]+$/);
    }),
    { numRuns: 1_000 },
  );
});

/** Invariant: case, compatibility forms and space around an address make no second address. */
test('spellings of one address meet in one form', () => {
  const fullWidth = (text: string) =>
    text.replace(/[!-~]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0xfee0));
  fc.assert(
    fc.property(plain, (given) => {
      const canonical = given.toLowerCase();
      for (const spelling of [given, given.toUpperCase(), ` ${given} `, fullWidth(given)]) {
        expect(Email.parse(spelling)).toBe(canonical);
      }
    }),
  );
});

/** Invariant: canonicalising never throws, whatever it is given: it runs before anything has been checked. */
test('canonicalising takes any text', () => {
  const anyUnit = fc.nat(0x10ffff).map((code) => String.fromCodePoint(code));
  const anyText = fc.string({ unit: fc.oneof(anyUnit, fc.constantFrom('@', '.', '%', '\uD800', '\u0000')) });
  fc.assert(
    fc.property(anyText, (given) => typeof canonicalEmail(given) === 'string'),
    { numRuns: 1_000 },
  );
});

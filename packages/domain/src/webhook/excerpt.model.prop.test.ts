import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { excerptOf } from './excerpt.model.ts';
import { newSigningSecret } from './signing.ts';

/**
 * Invariant: whatever a receiver answers, the excerpt is text that PostgreSQL takes, of at most 1 KB, and no secret that the answer
 * repeats is in it, wherever in the answer it stands.
 */
describe('any answer', () => {
  test('gives at most 1 KB of storable text', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6_000 }), (body) => {
        const excerpt = excerptOf(body, []) ?? '';
        expect(Buffer.byteLength(excerpt)).toBeLessThanOrEqual(1_024);
        expect(excerpt.isWellFormed()).toBe(true);
        expect(excerpt).not.toMatch(/[^\P{Cc}\n\t]/u);
      }),
      { numRuns: 300 },
    ));

  test('never repeats the signing secret, with or without its prefix, nor a part of it at the cut', () =>
    fc.assert(
      fc.property(
        fc.string({ maxLength: 1_100 }),
        fc.string({ maxLength: 50 }),
        fc.boolean(),
        (before, after, isBare) => {
          const secret = newSigningSecret();
          const told = isBare ? secret.slice('whsec_'.length) : secret;
          const excerpt = excerptOf(Buffer.from(`${before}${told}${after}`), [secret]) ?? '';
          expect(excerpt).not.toContain(told.slice(-12));
          expect(excerpt).not.toContain(secret.slice(6, 18));
        },
      ),
      { numRuns: 300 },
    ));
});

test.each([
  ['got v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4= from you', 'got [redacted] from you'],
  ['Authorization: Bearer abcdefghijkl.mno', 'Authorization: Bearer [redacted]'],
  ['key mk_live_abcdefgh12345678 is bad', 'key [redacted] is bad'],
  ['{"ok":false}\u0000\u001b[31m', '{"ok":false}[31m'],
  ['   ', null],
])('%j is shown as %j', (answer, shown) => {
  expect(excerptOf(Buffer.from(answer), [])).toBe(shown);
});

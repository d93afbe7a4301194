import { availableParallelism } from 'node:os';
import { PASSWORD_MAX_BYTES } from '@morket/contract/auth';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { createPasswords } from './passwords.ts';

const passwords = createPasswords({ rounds: 4, threads: availableParallelism() });
afterAll(() => passwords.close());

const anyUnit = fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }), fc.constantFrom('é', '🦉'));
const password = fc
  .string({ unit: anyUnit, minLength: 1, maxLength: 24 })
  .filter(
    (value) => Buffer.byteLength(value) <= PASSWORD_MAX_BYTES && value.isWellFormed() && !value.includes('\u0000'),
  );

/**
 * Invariant: the hash of a password verifies that password and no other one; two hashes of one password differ, and
 * neither holds it.
 */
test('property 1: a password round-trips through its hash', async () => {
  await fc.assert(
    fc.asyncProperty(password, password, async (own, other) => {
      const [first, second] = await Promise.all([passwords.hash(own), passwords.hash(own)]);
      expect(first).toMatch(/^\$2b\$04\$.{53}$/);
      expect(second).not.toBe(first);
      expect(await passwords.verify(own, first)).toBe(true);
      expect(await passwords.verify(own, second)).toBe(true);
      expect(await passwords.verify(other, first)).toBe(own === other);
      expect(await passwords.verify(`${own}x`, first)).toBe(false);
      expect(await passwords.verify(own, null)).toBe(false);
    }),
    { numRuns: 100 },
  );
});

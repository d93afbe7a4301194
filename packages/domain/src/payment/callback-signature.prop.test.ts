import { CallbackRefused } from '@morket/contract/billing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signCallback, verifyCallback } from './callback-signature.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const secret = fc.string({ minLength: 1, maxLength: 40 });
const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((array) => Buffer.from(array));

/** Invariant: what was signed is accepted, and no change of one bit of the body, nor one character of the header, is. */
test('a signature holds for exactly one body and one time', () => {
  fc.assert(
    fc.property(secret, bytes, fc.nat(), fc.nat(), (key, body, where, bit) => {
      const header = signCallback(body, key, NOW);
      const signedBy = { secrets: [key], nowMs: NOW };
      expect(() => verifyCallback(header, body, signedBy)).not.toThrow();

      const changed = Buffer.from(body);
      const at = where % changed.length;
      changed[at] = (changed[at] ?? 0) ^ (1 << (bit % 8));
      expect(() => verifyCallback(header, changed, signedBy)).toThrow(expect.toSatisfy(CallbackRefused.is));

      const position = where % header.length;
      const forged = `${header.slice(0, position)}${header[position] === '0' ? '1' : '0'}${header.slice(position + 1)}`;
      expect(() => verifyCallback(forged, body, signedBy)).toThrow(expect.toSatisfy(CallbackRefused.is));
      expect(() => verifyCallback(header, body, { secrets: [`${key}x`], nowMs: NOW })).toThrow(
        expect.toSatisfy(CallbackRefused.is),
      );
    }),
    { numRuns: 300 },
  );
});

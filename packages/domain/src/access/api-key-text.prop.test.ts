import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  apiKeyHash,
  apiKeyText,
  isApiKeyText,
  isMeantAsApiKey,
  SECRET_BYTES,
  shownOfApiKey,
} from './api-key-text.model.ts';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const MARK = 'mk_live_';
const secret = fc.uint8Array({ minLength: SECRET_BYTES, maxLength: SECRET_BYTES });
const digit = fc.constantFrom(...DIGITS);

const numberOf = (digits: string) => [...digits].reduce((value, one) => value * 62n + BigInt(DIGITS.indexOf(one)), 0n);
const hexOf = (value: bigint) => value.toString(16).padStart(SECRET_BYTES * 2, '0');

/**
 * Invariant: a key is `mk_live_`, 43 digits that are its 32 bytes, and 6 that are the CRC-32 of all before them, whatever the bytes; it is
 * taken as one, and two secrets make two keys.
 */
test('a key says its secret, and its checksum holds', () => {
  const edges = [new Uint8Array(SECRET_BYTES), new Uint8Array(SECRET_BYTES).fill(255)];
  fc.assert(
    fc.property(secret, (bytes) => {
      const text = apiKeyText(bytes);
      expect(text).toMatch(/^mk_live_[0-9A-Za-z]{49}$/);
      expect(hexOf(numberOf(text.slice(MARK.length, -6)))).toBe(Buffer.from(bytes).toString('hex'));
      expect(numberOf(text.slice(-6))).toBe(BigInt(crc32(text.slice(0, -6))));
      expect(isApiKeyText(text) && isMeantAsApiKey(text)).toBe(true);
    }),
    { numRuns: 300, examples: edges.map((bytes) => [bytes]) },
  );
});

/** Invariant: a key with one digit mistyped, two neighbours exchanged, a digit lost or one too many is refused without a look-up. */
test('a typing error is found out', () => {
  const last = MARK.length + 48;
  fc.assert(
    fc.property(secret, fc.integer({ min: MARK.length, max: last }), digit, (bytes, at, other) => {
      const text = apiKeyText(bytes);
      const [before, own, after] = [text.slice(0, at), text.charAt(at), text.slice(at + 1)];
      if (own !== other) expect(isApiKeyText(before + other + after)).toBe(false);
      const next = after.charAt(0);
      if (at < last && next !== own) expect(isApiKeyText(before + next + own + after.slice(1))).toBe(false);
      expect(isApiKeyText(before + after)).toBe(false);
      expect(isApiKeyText(before + other + own + after)).toBe(false);
    }),
    { numRuns: 500 },
  );
});

/** Invariant: no other text is taken for a key. */
test('other text is no key', () => {
  const key = apiKeyText(new Uint8Array(SECRET_BYTES).fill(7));
  for (const text of [
    '',
    'mk_',
    MARK,
    ` ${key}`,
    `${key} `,
    `${key}\n`,
    key.toUpperCase(),
    key.replace('live', 'test'),
  ]) {
    expect(isApiKeyText(text), JSON.stringify(text)).toBe(false);
  }
  fc.assert(fc.property(fc.string(), (text) => !isApiKeyText(text)));
});

/** Invariant: what is stored and shown of a key gives at most four of its secret digits away. */
test('what is kept of a key is its hash, its beginning and its end', () => {
  fc.assert(
    fc.property(secret, (bytes) => {
      const text = apiKeyText(bytes);
      const { keyPrefix, last4 } = shownOfApiKey(text);
      expect(apiKeyHash(text)).toMatch(/^[0-9a-f]{64}$/);
      expect(text.startsWith(keyPrefix) && text.endsWith(last4)).toBe(true);
      expect([keyPrefix.length, last4.length]).toEqual([MARK.length + 4, 4]);
    }),
  );
});

import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Binding, EnvelopeError, open, seal } from './envelope.ts';

/** Behind the format byte, the message id and the commitment. */
const ivOf = (blob: Uint8Array): Uint8Array => blob.subarray(1 + 32 + 32, 1 + 32 + 32 + 12);

const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
const label = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((value) => value.isWellFormed());
const binding: fc.Arbitrary<Binding> = fc.record({
  workspaceId: fc.uuid(),
  recordId: fc.uuid(),
  owner: label,
  field: fc.constantFrom('key', 'secret'),
  keyVersion: fc.integer({ min: 1, max: 99_999 }),
});
const secret = fc.string({ unit: 'grapheme', maxLength: 300 }).filter((value) => value.isWellFormed());

/** Invariant: whatever is sealed comes back as it was, under the same key and for the same place, and is not seen on the way. */
test('property 14: a secret round-trips through its envelope', () => {
  fc.assert(
    fc.property(key, binding, secret, (under, place, plaintext) => {
      const blob = seal(under, place, plaintext);
      expect(open(under, place, blob)).toBe(plaintext);
      expect(blob.length).toBe(93 + Buffer.byteLength(plaintext));
      if (plaintext.length >= 4) expect(Buffer.from(blob).includes(plaintext)).toBe(false);
    }),
    { numRuns: 200 },
  );
});

/** Invariant: no two envelopes share an initialisation vector, a message id or any ciphertext, not even of one secret in one place. */
test('property 17: each encryption has an IV of its own', () => {
  const seen = new Set<string>();
  let sealed = 0;
  fc.assert(
    fc.property(binding, secret, (place, plaintext) => {
      const under = randomBytes(32);
      for (const blob of [
        seal(under, place, plaintext),
        seal(under, place, plaintext),
        seal(under, place, plaintext),
      ]) {
        expect(ivOf(blob)).toHaveLength(12);
        seen.add(Buffer.from(ivOf(blob)).toString('hex'));
        sealed += 1;
      }
    }),
    { numRuns: 200 },
  );
  expect(sealed).toBeGreaterThanOrEqual(600);
  expect(seen.size).toBe(sealed);
});

/** Invariant: a blob opens under its own key and in its own place, never under another key or in any other place. */
test('another key and another place open nothing', () => {
  fc.assert(
    fc.property(key, key, binding, binding, secret, (own, other, place, elsewhere, plaintext) => {
      const blob = seal(own, place, plaintext);
      if (!own.equals(other)) expect(() => open(other, place, blob)).toThrow(EnvelopeError);
      for (const name of ['workspaceId', 'recordId', 'owner', 'field', 'keyVersion'] as const) {
        if (place[name] === elsewhere[name]) continue;
        expect(() => open(own, { ...place, [name]: elsewhere[name] }, blob)).toThrow(EnvelopeError);
      }
    }),
    { numRuns: 200 },
  );
});

/** Invariant: the parts of a place do not run into each other: a character moved from one field to the next is another place. */
test('fields are bound one by one', () => {
  fc.assert(
    fc.property(key, binding, label, fc.nat(12), (under, place, text, cut) => {
      const [left, right] = [text.slice(0, cut), text.slice(cut)];
      const here = { ...place, recordId: left, owner: right };
      const there = { ...place, recordId: text, owner: '' };
      fc.pre(right !== '');
      expect(() => open(under, there, seal(under, here, 'secret'))).toThrow(EnvelopeError);
    }),
  );
});

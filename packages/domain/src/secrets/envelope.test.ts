import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Binding, EnvelopeError, open, seal } from './envelope.ts';

const key = randomBytes(32);
const place: Binding = { workspaceId: 'w1', recordId: 'r1', owner: 'hunter', field: 'key', keyVersion: 1 };
const PLAINTEXT = 'hk_live_51f0c3a97be24d';
const blob = seal(key, place, PLAINTEXT);

const opens = (bytes: Uint8Array): boolean => {
  try {
    return open(key, place, bytes) === PLAINTEXT;
  } catch (err) {
    // One answer for every fault: which check failed would help an attacker.
    if (err instanceof EnvelopeError && err.message === new EnvelopeError().message && err.cause === undefined)
      return false;
    throw err;
  }
};

test('every flipped bit of every byte is noticed', () => {
  expect(opens(blob)).toBe(true);
  for (let at = 0; at < blob.length; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const changed = Uint8Array.from(blob);
      changed[at] = (changed[at] ?? 0) ^ (1 << bit);
      expect(opens(changed), `byte ${at}, bit ${bit}`).toBe(false);
    }
  }
});

test('every shorter and every longer blob is noticed', () => {
  for (let length = 0; length < blob.length; length += 1) expect(opens(blob.subarray(0, length))).toBe(false);
  for (const more of [1, 16]) expect(opens(Buffer.concat([blob, Buffer.alloc(more)]))).toBe(false);
});

test('a tag cut to four bytes, which GCM itself would take, is noticed', () => {
  const [tagAt, tagEnd] = [77, 93];
  const cut = Buffer.concat([blob.subarray(0, tagAt + 4), blob.subarray(tagEnd)]);
  expect(opens(cut)).toBe(false);
});

describe('parts of two genuine envelopes make no third one', () => {
  const other = seal(key, place, 'hk_live_another_secret');
  test.each([
    ['message id', 1, 33],
    ['commitment', 33, 65],
    ['initialisation vector', 65, 77],
    ['tag', 77, 93],
    ['ciphertext', 93, blob.length],
  ])('%s', (_, from, to) => {
    const mixed = Buffer.concat([blob.subarray(0, from), other.subarray(from, to), blob.subarray(to)]);
    expect(opens(mixed)).toBe(false);
  });
});

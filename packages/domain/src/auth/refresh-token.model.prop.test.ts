import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isGenuine, parseRefreshToken, refreshTokenOf } from './refresh-token.model.ts';

const key = fc
  .tuple(fc.string({ minLength: 32 }), fc.uint8Array({ minLength: 32, maxLength: 32 }))
  .map(([jwtSecret, keySalt]) => ({ jwtSecret, keySalt }));
const generation = fc.nat(0x7fffffff);
const uuid = fc.uuid({ version: [4, 7] });

/** Invariant: a token names its session and generation, and is genuine under the key that made it and no other. */
test('a token round-trips under its own key alone', () => {
  fc.assert(
    fc.property(key, key, uuid, generation, (own, other, sessionId, gen) => {
      const token = refreshTokenOf(own, sessionId, gen);
      expect(token.length).toBeLessThanOrEqual(200);
      const parsed = parseRefreshToken(token);
      expect(parsed).toMatchObject({ sessionId, gen });
      if (!parsed) return;
      expect(isGenuine(own, parsed)).toBe(true);
      const sameKey = own.jwtSecret === other.jwtSecret && Buffer.compare(own.keySalt, other.keySalt) === 0;
      expect(isGenuine(other, parsed)).toBe(sameKey);
    }),
  );
});

/** Invariant: the same session and generation give the same token, so an honest retry gets the very same successor. */
test('a token is derived, and differs with the generation', () => {
  fc.assert(
    fc.property(key, uuid, generation, (own, sessionId, gen) => {
      expect(refreshTokenOf(own, sessionId, gen)).toBe(refreshTokenOf(own, sessionId, gen));
      expect(refreshTokenOf(own, sessionId, gen)).not.toBe(refreshTokenOf(own, sessionId, gen + 1));
    }),
  );
});

/** Invariant: whoever writes another session, generation or MAC into a token, checksum and all, has no genuine one. */
test('a forged body is not genuine', () => {
  fc.assert(
    fc.property(
      key,
      uuid,
      generation,
      fc.nat(39),
      fc.integer({ min: 1, max: 255 }),
      (own, sessionId, gen, place, flip) => {
        const bytes = Buffer.from(refreshTokenOf(own, sessionId, gen).slice(3), 'base64url');
        bytes[place] = (bytes[place] ?? 0) ^ flip;
        const parsed = parseRefreshToken(`v1.${bytes.toString('base64url')}`);
        // A wrong checksum is seen at once.
        expect(parsed).toBeNull();
        const original = parseRefreshToken(refreshTokenOf(own, sessionId, gen));
        if (!original) return;
        expect(isGenuine(own, { ...original, gen: gen ^ 1 })).toBe(false);
        expect(isGenuine(own, { ...original, mac: Buffer.alloc(original.mac.length) })).toBe(false);
      },
    ),
  );
});

test('what is no token of ours is none, whatever it looks like', () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (given) => parseRefreshToken(given) === null));
  for (const given of ['', 'v1.', 'v2.AAAA', `v1.${'A'.repeat(54)}`, `v1.${'A'.repeat(200)}`]) {
    expect(parseRefreshToken(given)).toBeNull();
  }
});

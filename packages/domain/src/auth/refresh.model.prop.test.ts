import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideRefresh, type RefreshState } from './refresh.model.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const at = (secondsFromNow: number) => new Date(NOW.getTime() + secondsFromNow * 1_000);
const KEYS = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];

const state = fc
  .record({
    gen: fc.nat(5),
    behind: fc.nat(5),
    rotatedAgo: fc.option(fc.constantFrom(0, 59, 60, 61, 3_600)),
    rotationKeyHash: fc.option(fc.constantFrom(...KEYS)),
    idle: fc.constantFrom(-1, 0, 1, 3_600),
    absolute: fc.constantFrom(-1, 0, 1, 7_200),
    revoked: fc.boolean(),
  })
  .map(
    ({ gen, behind, rotatedAgo, rotationKeyHash, idle, absolute, revoked }): RefreshState => ({
      gen,
      observedGen: Math.max(0, gen - behind),
      rotatedAt: rotatedAgo === null ? null : at(-rotatedAgo),
      rotationKeyHash,
      idleExpiresAt: at(idle),
      absoluteExpiresAt: at(absolute),
      revokedAt: revoked ? at(-10) : null,
    }),
  );
const presented = fc.record({ gen: fc.nat(6), keyHash: fc.option(fc.constantFrom(...KEYS)) });

/**
 * Invariant: the verdict is the one of the rule as it is written down: revoked, then expired, then current, then an honest
 * retry (the predecessor, the same key, and within 60 s or with an unused successor), and reuse for all the rest.
 */
test('the verdict follows the rule', () => {
  const verdictBy = (s: RefreshState, p: { gen: number; keyHash: Uint8Array | null }): string => {
    if (s.revokedAt) return 'revoked';
    if (!(NOW < s.idleExpiresAt && NOW < s.absoluteExpiresAt)) return 'expired';
    if (p.gen === s.gen) return 'rotate';
    if (p.gen + 1 !== s.gen || p.keyHash === null || s.rotationKeyHash === null) return 'reuse';
    if (p.keyHash[0] !== s.rotationKeyHash[0]) return 'reuse';
    const seconds = s.rotatedAt === null ? Number.POSITIVE_INFINITY : (NOW.getTime() - s.rotatedAt.getTime()) / 1_000;
    return seconds <= 60 || s.observedGen < s.gen ? 'repeat' : 'reuse';
  };
  fc.assert(
    fc.property(state, presented, (s, p) => {
      const verdict = decideRefresh(s, p, NOW);
      expect(verdict.kind === 'refuse' ? verdict.reason : verdict.kind).toBe(verdictBy(s, p));
    }),
    { numRuns: 2_000 },
  );
});

/** Invariant: without the key of the rotation, no token but the current one is ever good for anything. */
test('a token without its key is strictly for one use', () => {
  fc.assert(
    fc.property(state, fc.nat(6), (s, gen) => {
      const verdict = decideRefresh(s, { gen, keyHash: null }, NOW);
      if (gen !== s.gen) expect(['refuse', 'reuse']).toContain(verdict.kind);
    }),
    { numRuns: 500 },
  );
});

describe('at the edges', () => {
  const live: RefreshState = {
    gen: 3,
    observedGen: 3,
    rotatedAt: at(-60),
    rotationKeyHash: KEYS[0] ?? null,
    idleExpiresAt: at(1),
    absoluteExpiresAt: at(1),
    revokedAt: null,
  };
  const keyHash = KEYS[0] ?? null;

  test('60 s are within the window, a millisecond more is not', () => {
    expect(decideRefresh(live, { gen: 2, keyHash }, NOW)).toEqual({ kind: 'repeat' });
    const later = new Date(NOW.getTime() + 1);
    expect(decideRefresh(live, { gen: 2, keyHash }, later)).toEqual({ kind: 'reuse' });
  });

  test('a session ends in the instant of its expiry', () => {
    expect(decideRefresh({ ...live, idleExpiresAt: NOW }, { gen: 3, keyHash: null }, NOW)).toMatchObject({
      reason: 'expired',
    });
    expect(decideRefresh({ ...live, absoluteExpiresAt: NOW }, { gen: 3, keyHash: null }, NOW)).toMatchObject({
      reason: 'expired',
    });
  });

  test('an ended session is told before a second use of it: nothing is left to end', () => {
    expect(decideRefresh({ ...live, revokedAt: at(-1) }, { gen: 0, keyHash: null }, NOW)).toEqual({
      kind: 'refuse',
      reason: 'revoked',
    });
  });
});

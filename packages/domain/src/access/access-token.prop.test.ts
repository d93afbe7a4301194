import { Unauthenticated } from '@morket/contract/errors';
import fc from 'fast-check';
import { decodeJwt, SignJWT } from 'jose';
import { expect, test, vi } from 'vitest';
import { createAccessTokens } from './access-token.ts';

const LIFETIME_SECONDS = 900;
const tokens = createAccessTokens({
  jwtSecret: 'a secret of at least 32 characters',
  lifetimeSeconds: LIFETIME_SECONDS,
});
const claims = fc.record({ userId: fc.uuid(), sessionId: fc.uuid(), gen: fc.nat() });
const reasonOf = (bearer: string | null) =>
  tokens.verify(bearer).then(
    () => null,
    (err: unknown) => (Unauthenticated.is(err) ? err.details.reason : err),
  );

/** Invariant: verifying what was signed gives the claims back, and the token lives exactly as long as it says. */
test('claims round-trip through a token', async () => {
  await fc.assert(
    fc.asyncProperty(claims, async (given) => {
      const { accessToken, expiresIn } = await tokens.sign(given);
      const { iat = 0, exp = 0, sub, ...rest } = decodeJwt(accessToken);
      expect(exp - iat).toBe(LIFETIME_SECONDS);
      expect(expiresIn).toBe(LIFETIME_SECONDS);
      expect(sub).toBe(given.userId);
      expect(rest).not.toHaveProperty('role');
      expect(await tokens.verify(accessToken)).toMatchObject(given);
    }),
  );
});

/** Invariant: a token with any character exchanged is refused, except for the unused bits of a last character. */
test('a changed token is refused', async () => {
  const { accessToken } = await tokens.sign({ userId: crypto.randomUUID(), sessionId: crypto.randomUUID(), gen: 3 });
  const signatureEnd = accessToken.length - 1;
  await fc.assert(
    fc.asyncProperty(fc.nat(signatureEnd - 1), fc.constantFrom('A', 'z', '0', '-', '.', '=', ' '), async (at, sign) => {
      fc.pre(accessToken[at] !== sign);
      const changed = accessToken.slice(0, at) + sign + accessToken.slice(at + 1);
      expect(await reasonOf(changed)).toBe('invalid');
    }),
    { numRuns: 300 },
  );
});

test('no token, no text and no JWT are told apart from an expired one only', async () => {
  expect(await reasonOf(null)).toBe('missing');
  for (const bearer of ['', 'x', 'a.b.c', 'eyJhbGciOiJub25lIn0.e30.']) expect(await reasonOf(bearer)).toBe('invalid');
});

test('a token ends with its lifetime, give or take 5 s of clock skew', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    const { accessToken } = await tokens.sign({ userId: crypto.randomUUID(), sessionId: crypto.randomUUID(), gen: 0 });
    vi.advanceTimersByTime((LIFETIME_SECONDS + 3) * 1_000);
    expect(await reasonOf(accessToken)).toBeNull();
    vi.advanceTimersByTime(3_000);
    expect(await reasonOf(accessToken)).toBe('expired');
  } finally {
    vi.useRealTimers();
  }
});

test('another secret, another algorithm, another purpose and another issuer are refused', async () => {
  const subject = crypto.randomUUID();
  const signed = { userId: subject, sessionId: subject, gen: 0 };
  const stranger = createAccessTokens({ jwtSecret: 'another secret of 32 characters or so', lifetimeSeconds: 900 });
  expect(await reasonOf((await stranger.sign(signed)).accessToken)).toBe('invalid');

  // The right text as the key itself: only a key derived for this purpose signs.
  const raw = new TextEncoder().encode('a secret of at least 32 characters');
  const forged = (alg: string) =>
    new SignJWT({ sid: subject, gen: 0 })
      .setProtectedHeader({ alg, typ: 'at+jwt' })
      .setSubject(subject)
      .setIssuer('morket')
      .setAudience('morket-api')
      .setIssuedAt()
      .setExpirationTime('15m')
      .setJti(subject)
      .sign(raw);
  for (const alg of ['HS256', 'HS384', 'HS512']) expect(await reasonOf(await forged(alg))).toBe('invalid');
});

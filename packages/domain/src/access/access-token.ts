import { hkdfSync, randomUUID } from 'node:crypto';
import { Unauthenticated } from '@morket/contract/errors';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { createVerifiedTokens } from './verified-tokens.ts';

const ISSUER = 'morket';
const AUDIENCE = 'morket-api';
const ALGORITHM = 'HS256';
const TYPE = 'at+jwt';
const CLOCK_SKEW_SECONDS = 5;
/** Some 3 MB at most. */
const MAX_VERIFIED_TOKENS = 10_000;

/** What an access token proves: who, in which session, after how many rotations. No role: that is read from the database. */
export type SessionClaims = {
  readonly userId: string;
  readonly sessionId: string;
  readonly gen: number;
  /** When the token ends: what goes on longer than a request must end with it. */
  readonly expiresAtSeconds?: number;
};

const Payload = z.object({ sub: z.uuid(), sid: z.uuid(), gen: z.int().nonnegative(), exp: z.number() });

/** Signs and verifies access tokens. `jwtSecret` holds at least 32 characters; the lifetime is in seconds. */
export function createAccessTokens(options: { readonly jwtSecret: string; readonly lifetimeSeconds: number }) {
  const { jwtSecret, lifetimeSeconds } = options;
  const key = new Uint8Array(hkdfSync('sha256', jwtSecret, '', 'morket/access-token/v1', 32));
  const verified = createVerifiedTokens({ maxTokens: MAX_VERIFIED_TOKENS });

  async function sign(claims: SessionClaims): Promise<{ accessToken: string; expiresIn: number }> {
    const accessToken = await new SignJWT({ sid: claims.sessionId, gen: claims.gen })
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
      .setSubject(claims.userId)
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime(`${lifetimeSeconds}s`)
      .setJti(randomUUID())
      .sign(key);
    return { accessToken, expiresIn: lifetimeSeconds };
  }

  /** Throws `access.unauthenticated` with the reason `missing`, `expired` or `invalid`. */
  async function verify(bearer: string | null): Promise<SessionClaims> {
    if (bearer === null) throw Unauthenticated({ reason: 'missing' });
    const known = verified.find(bearer, Math.floor(Date.now() / 1_000) - CLOCK_SKEW_SECONDS);
    if (known) return known;
    try {
      const { payload } = await jwtVerify(bearer, key, {
        algorithms: [ALGORITHM],
        typ: TYPE,
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['sub', 'sid', 'gen', 'iat', 'exp', 'jti'],
        clockTolerance: CLOCK_SKEW_SECONDS,
      });
      const { sub, sid, gen, exp } = Payload.parse(payload);
      const claims = { userId: sub, sessionId: sid, gen, expiresAtSeconds: exp };
      verified.remember(bearer, { claims, expiresAtSeconds: exp });
      return claims;
    } catch (err) {
      throw Unauthenticated({ reason: err instanceof errors.JWTExpired ? 'expired' : 'invalid' }, err);
    }
  }

  return { sign, verify };
}

export type AccessTokens = ReturnType<typeof createAccessTokens>;

import { hkdfSync, randomUUID } from 'node:crypto';
import { Unauthenticated } from '@morket/contract/errors';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';

const ISSUER = 'morket';
const AUDIENCE = 'morket-api';
const ALGORITHM = 'HS256';
const TYPE = 'at+jwt';

/** What an access token proves: who, in which session, after how many rotations. No role: that is read from the database. */
export type AccessClaims = { readonly userId: string; readonly sessionId: string; readonly gen: number };

const Payload = z.object({ sub: z.uuid(), sid: z.uuid(), gen: z.int().nonnegative() });

/** Signs and verifies access tokens. `jwtSecret` holds at least 32 characters; the lifetime is in seconds. */
export function createAccessTokens(options: { readonly jwtSecret: string; readonly lifetimeSeconds: number }) {
  const { jwtSecret, lifetimeSeconds } = options;
  const key = new Uint8Array(hkdfSync('sha256', jwtSecret, '', 'morket/access-token/v1', 32));

  async function sign(claims: AccessClaims): Promise<{ accessToken: string; expiresIn: number }> {
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
  async function verify(bearer: string | null): Promise<AccessClaims> {
    if (bearer === null) throw Unauthenticated({ reason: 'missing' });
    try {
      const { payload } = await jwtVerify(bearer, key, {
        algorithms: [ALGORITHM],
        typ: TYPE,
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['sub', 'sid', 'gen', 'iat', 'exp', 'jti'],
        clockTolerance: 5,
      });
      const { sub, sid, gen } = Payload.parse(payload);
      return { userId: sub, sessionId: sid, gen };
    } catch (err) {
      throw Unauthenticated({ reason: err instanceof errors.JWTExpired ? 'expired' : 'invalid' }, err);
    }
  }

  return { sign, verify };
}

export type AccessTokens = ReturnType<typeof createAccessTokens>;

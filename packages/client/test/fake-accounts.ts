import { type Procedure, Refusal, type SeenCall } from './fake-api.ts';

export const TOKEN_LIFE_SECONDS = 900;
export const credentials = { email: 'ada@example.com', password: 'correct horse battery' };

type FakeSession = { gen: number; lastKey: string | null; isRevoked: boolean; readonly userId: string };

/**
 * Sign-in as the API keeps it: refresh tokens good for one use, whose honest retry carries the key of the first try,
 * and access tokens that expire when told to.
 */
export function createFakeAccounts() {
  const sessions = new Map<string, FakeSession>();
  const goodAccess = new Set<string>();
  let serial = 0;

  function pairOf(id: string, { gen }: FakeSession) {
    serial += 1;
    const accessToken = `access-${id}-${gen}-${serial}`;
    goodAccess.add(accessToken);
    return { accessToken, refreshToken: `refresh-${id}-${gen}`, expiresIn: TOKEN_LIFE_SECONDS };
  }

  function open({ input }: SeenCall) {
    serial += 1;
    const { email } = input as typeof credentials;
    const session = { gen: 0, lastKey: null, isRevoked: false, userId: `user-of-${email}` };
    sessions.set(String(serial), session);
    const user = { id: session.userId, email, name: 'Ada', createdAt: new Date('2030-01-01T00:00:00Z') };
    return { user, ...pairOf(String(serial), session) };
  }

  function presented({ input }: SeenCall) {
    const [, id = '', gen = ''] = (input as { refreshToken: string }).refreshToken.split('-');
    const session = sessions.get(id);
    if (!session) throw new Refusal(401, 'auth.refresh_token_refused', { reason: 'invalid' });
    return { id, session, gen: Number(gen) };
  }

  function refresh(call: SeenCall) {
    const { id, session, gen } = presented(call);
    const key = call.headers['idempotency-key'] ?? null;
    if (session.isRevoked) throw new Refusal(401, 'auth.refresh_token_refused', { reason: 'revoked' });
    if (gen === session.gen) {
      session.gen += 1;
      session.lastKey = key;
    } else if (gen !== session.gen - 1 || key === null || key !== session.lastKey) {
      session.isRevoked = true;
      throw new Refusal(401, 'auth.refresh_token_refused', { reason: 'reused' });
    }
    return pairOf(id, session);
  }

  function logout(call: SeenCall) {
    presented(call).session.isRevoked = true;
    return null;
  }

  /** Wraps a procedure that wants a good access token. */
  function signedIn(procedure: Procedure): Procedure {
    return (call) => {
      const token = call.headers.authorization?.replace('Bearer ', '');
      if (token === undefined) throw new Refusal(401, 'access.unauthenticated', { reason: 'missing' });
      const [, id = ''] = token.split('-');
      if (sessions.get(id)?.isRevoked) throw new Refusal(401, 'access.unauthenticated', { reason: 'revoked' });
      if (!goodAccess.has(token)) throw new Refusal(401, 'access.unauthenticated', { reason: 'expired' });
      return procedure(call);
    };
  }

  return {
    procedures: { 'auth.register': open, 'auth.login': open, 'auth.refresh': refresh, 'auth.logout': logout },
    signedIn,
    /** Every access token given out so far is refused as expired from now on. */
    expireAll: () => goodAccess.clear(),
    /** Ends every session on the server. */
    revokeAll: () => {
      for (const session of sessions.values()) session.isRevoked = true;
    },
  };
}

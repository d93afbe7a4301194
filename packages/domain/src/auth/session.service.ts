import { createHash, randomBytes } from 'node:crypto';
import {
  RefreshTokenRefused,
  type RevokedSessions,
  type RevokeReason,
  type Session,
  SessionNotFound,
  SessionRevoked,
  SignedInEvent,
  type TokenPair,
} from '@morket/contract/auth';
import type { Page, PageInput } from '@morket/contract/primitives';
import type { Db, Tx } from '@morket/db';
import type { AccessTokens, Acting, RequestOrigin, UserScope } from '../access/index.ts';
import { once } from '../idempotency/index.ts';
import { newId } from '../ids/index.ts';
import type { RateLimiter, RatePolicy } from '../rate-limit/index.ts';
import { record } from '../record/index.ts';
import { decideRefresh, type RefreshVerdict } from './refresh.model.ts';
import { isGenuine, parseRefreshToken, refreshTokenOf } from './refresh-token.model.ts';
import * as repo from './session.repo.ts';

const SALT_BYTES = 32;

type Deps = {
  readonly db: Db;
  readonly tokens: AccessTokens;
  readonly jwtSecret: string;
  readonly lifetimes: repo.SessionLifetimes;
  readonly limiter: RateLimiter;
  /** How often one session may refresh or log out. */
  readonly sessionPolicy: RatePolicy;
};

/** A session just opened; its tokens are signed after the commit. */
export type OpenedSession = { readonly sessionId: string; readonly userId: string; readonly keySalt: Uint8Array };

const actingAs = (userId: string, origin: RequestOrigin): Acting => ({
  actorId: userId,
  workspaceId: null,
  impersonatorId: null,
  origin,
});

/** Sessions and their tokens: open, rotate, end, list. */
export function createSessionService(deps: Deps) {
  const { db, tokens, jwtSecret, lifetimes, limiter, sessionPolicy } = deps;

  /** Joins the caller's transaction. */
  async function openSessionIn(tx: Tx, userId: string, origin: RequestOrigin): Promise<OpenedSession> {
    const sessionId = newId();
    const keySalt = new Uint8Array(randomBytes(SALT_BYTES));
    await repo.insertSession(tx, { id: sessionId, userId, keySalt, origin }, lifetimes);
    await record(tx, actingAs(userId, origin), SignedInEvent(sessionId, { userId }));
    return { sessionId, userId, keySalt };
  }

  /** The tokens of one generation of a session. */
  async function tokensOf({ sessionId, userId, keySalt }: OpenedSession, gen = 0): Promise<TokenPair> {
    const { accessToken, expiresIn } = await tokens.sign({ userId, sessionId, gen });
    return { accessToken, refreshToken: refreshTokenOf({ jwtSecret, keySalt }, sessionId, gen), expiresIn };
  }

  /** Joins the caller's transaction; ends the sessions that match and says so once for each. */
  async function revokeIn(
    tx: Tx,
    acting: Acting & { readonly actorId: string },
    which: { readonly only?: string; readonly except?: string },
    reason: RevokeReason,
  ): Promise<string[]> {
    const userId = acting.actorId;
    const ended = await repo.revokeSessions(tx, { userId, ...which }, reason);
    for (const sessionId of ended) await record(tx, acting, SessionRevoked(sessionId, { userId, reason }));
    return ended;
  }

  /** The session a refresh token belongs to, charged for this call. A token that is not genuine changes nothing. */
  async function presented(refreshToken: string) {
    const token = parseRefreshToken(refreshToken);
    const session = token && (await repo.findSessionKey(db.read, token.sessionId));
    if (!token || !session || !isGenuine({ jwtSecret, keySalt: session.keySalt }, token)) {
      throw RefreshTokenRefused({ reason: 'invalid' });
    }
    await limiter.charge(sessionPolicy, token.sessionId);
    return { ...token, ...session };
  }

  /**
   * Exchanges a refresh token for its successor and a new access token. `idempotencyKey` marks a retry as honest.
   * Throws `auth.refresh_token_refused`; a second use ends the session first.
   */
  async function refresh(
    input: { readonly refreshToken: string; readonly idempotencyKey: string | null },
    origin: RequestOrigin,
  ): Promise<TokenPair> {
    const token = await presented(input.refreshToken);
    const { sessionId, userId, keySalt } = token;
    const keyHash = input.idempotencyKey === null ? null : hashOf(input.idempotencyKey);

    type Outcome = { readonly verdict: RefreshVerdict; readonly gen: number };
    const { verdict, gen } = await db.transaction<Outcome>(async (tx) => {
      const session = await repo.lockSession(tx, sessionId);
      if (!session) return { verdict: { kind: 'refuse', reason: 'revoked' }, gen: 0 };
      const verdict = decideRefresh(session, { gen: token.gen, keyHash }, session.now);
      // A rotation is not recorded: it changes nothing that anybody but the two ends can see.
      if (verdict.kind === 'rotate') {
        await repo.rotateSession(tx, sessionId, { keyHash, idleSeconds: lifetimes.idleSeconds });
        return { verdict, gen: session.gen + 1 };
      }
      // Thrown here, the refusal would roll the revocation back.
      const acting = { ...actingAs(userId, origin), actorId: userId };
      if (verdict.kind === 'reuse') await revokeIn(tx, acting, { only: sessionId }, 'refresh_reused');
      return { verdict, gen: session.gen };
    });

    if (verdict.kind === 'refuse') throw RefreshTokenRefused({ reason: verdict.reason });
    if (verdict.kind === 'reuse') throw RefreshTokenRefused({ reason: 'reused' });
    return tokensOf({ sessionId, userId, keySalt }, gen);
  }

  /** Ends the session of a refresh token; ending it again is no error. Throws `auth.refresh_token_refused`. */
  async function logout(input: { readonly refreshToken: string }, origin: RequestOrigin): Promise<null> {
    const { sessionId, userId } = await presented(input.refreshToken);
    const acting = { ...actingAs(userId, origin), actorId: userId };
    await db.transaction((tx) => revokeIn(tx, acting, { only: sessionId }, 'logout'));
    return null;
  }

  /** The caller's live sessions, newest first. */
  async function list(scope: UserScope, input: PageInput): Promise<Page<Session>> {
    const { rows, total } = await repo.listSessions(db.read, scope.actorId, input);
    const items = rows.map((row) => ({
      id: row.id,
      ip: row.ip,
      userAgent: row.userAgent,
      createdAt: row.createdAt,
      lastSeenAt: row.lastSeenAt,
      expiresAt: row.absoluteExpiresAt,
      current: row.id === scope.sessionId,
    }));
    return { items, page: input.page, limit: input.limit, total };
  }

  /** Ends one of the caller's sessions. Throws `auth.session_not_found`. */
  async function revoke(scope: UserScope, { sessionId }: { readonly sessionId: string }): Promise<null> {
    return once(db, scope, async (tx) => {
      const ended = await revokeIn(tx, scope, { only: sessionId }, 'revoked');
      if (ended.length === 0) throw SessionNotFound({});
      return null;
    });
  }

  /** Ends all of the caller's sessions but this one. */
  async function revokeOthers(scope: UserScope): Promise<RevokedSessions> {
    return once(db, scope, async (tx) => {
      const ended = await revokeIn(tx, scope, { except: scope.sessionId }, 'revoked');
      return { revoked: ended.length };
    });
  }

  /** Joins the caller's transaction, which has made sure that the person is a member there; null clears it. */
  async function setActiveWorkspaceIn(tx: Tx, scope: UserScope, workspaceId: string | null): Promise<void> {
    await repo.setActiveWorkspace(tx, scope.sessionId, workspaceId);
  }

  return { setActiveWorkspaceIn, openSessionIn, tokensOf, revokeIn, refresh, logout, list, revoke, revokeOthers };
}

function hashOf(key: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(key).digest());
}

export type SessionService = ReturnType<typeof createSessionService>;

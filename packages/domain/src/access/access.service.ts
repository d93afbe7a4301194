import {
  CredentialConflict,
  Forbidden,
  SessionRequired,
  TenantConflict,
  TenantRequired,
  Unauthenticated,
} from '@morket/contract/errors';
import { can, type Permission } from '@morket/contract/permissions';
import type { Db } from '@morket/db';
import * as repo from './access.repo.ts';
import type { AccessTokens, SessionClaims } from './access-token.ts';
import { isMeantAsApiKey } from './api-key-text.model.ts';
import { createKeyAccess, type KeyClaims } from './key-access.ts';
import { createOncePerRequest } from './once-per-request.ts';
import { createPrincipalReader } from './principal-reader.ts';
import type { RequestOrigin, UserScope, WorkspaceScope } from './scope.ts';
import { chooseTenant, type TenantChoice, type TenantSources } from './tenant.model.ts';

/** What a request presents to say who calls, verified as far as can be without a database. */
export type AccessClaims = SessionClaims | KeyClaims;

/**
 * Turns an access token or an API key into a scope. Session, key, role and membership are read anew for each request, and once: an
 * `origin` stands for one request and must not be kept for another.
 */
export function createAccessService(deps: {
  readonly db: Db;
  readonly tokens: AccessTokens;
  /** Hears of what failed beside a request that nobody waited for. */
  readonly onFailure: (err: unknown) => void;
}) {
  const { db, tokens, onFailure } = deps;
  const principals = createPrincipalReader(db.points);
  const keys = createKeyAccess({ db, onFailure });
  const perRequest = createOncePerRequest<repo.PrincipalRow>();

  async function readPrincipal(claims: SessionClaims, tenant: TenantChoice | null): Promise<repo.PrincipalRow> {
    const row = await principals.read({ sessionId: claims.sessionId, userId: claims.userId, tenant });
    if (!row || row.revoked || row.disabled) throw Unauthenticated({ reason: 'revoked' });
    if (row.expired) throw Unauthenticated({ reason: 'expired' });
    if (claims.gen > row.observedGen || row.seenLongAgo) await repo.observe(db.read, claims.sessionId, claims.gen);
    return row;
  }

  /** Once for each request and tenant. */
  const principal = (claims: SessionClaims, origin: RequestOrigin, tenant: TenantChoice | null) =>
    perRequest(origin, [claims, tenant], () => readPrincipal(claims, tenant));

  /**
   * Who presents these: the bearer token of `Authorization`, which may be an API key, and the key of `X-API-Key`. Reads no database. Throws
   * `access.unauthenticated`, and `access.credential_conflict` for two that differ.
   */
  async function identify(bearer: string | null, apiKey: string | null = null): Promise<AccessClaims> {
    if (apiKey !== null && bearer !== null && bearer !== apiKey) throw CredentialConflict({});
    if (apiKey !== null) return keys.claimsOf(apiKey);
    return bearer !== null && isMeantAsApiKey(bearer) ? keys.claimsOf(bearer) : tokens.verify(bearer);
  }

  /** Throws `access.unauthenticated` when the session has ended, and `access.session_required` for a key. */
  async function userScope(claims: AccessClaims, origin: RequestOrigin): Promise<UserScope> {
    if ('keyHash' in claims) throw SessionRequired({});
    await principal(claims, origin, null);
    const scope = {
      actorId: claims.userId,
      sessionId: claims.sessionId,
      workspaceId: null,
      impersonatorId: null,
      origin,
    };
    return scope as UserScope; // the brand is granted here alone
  }

  /**
   * Throws `access.unauthenticated`, `access.workspace_required`, `access.workspace_conflict`, `access.scope_missing`, and
   * `access.forbidden` alike for a workspace that does not exist, one the caller is no member of, and a role that may not.
   */
  async function workspaceScope(
    claims: AccessClaims,
    origin: RequestOrigin,
    wanted: { readonly sources: TenantSources; readonly permission: Permission },
  ): Promise<WorkspaceScope> {
    const tenant = chooseTenant(wanted.sources);
    if ('keyHash' in claims) return keys.scopeOf(claims, origin, { tenant, permission: wanted.permission });
    const row = await principal(claims, origin, tenant);
    if (row.workspaceId === null && tenant.id === null && tenant.slug === null) throw TenantRequired({});
    if (row.workspaceId === null || row.role === null || row.planType === null) throw Forbidden({});
    if (tenant.slug !== null && row.workspaceSlug !== tenant.slug) throw TenantConflict({});
    if (!can(row.role, wanted.permission)) throw Forbidden({});
    const { workspaceId, role, planType } = row;
    const scope = {
      actorId: claims.userId,
      sessionId: claims.sessionId,
      workspaceId,
      role,
      planType,
      impersonatorId: null,
      origin,
    };
    return scope as WorkspaceScope; // the brand is granted here alone
  }

  return { identify, proveKey: keys.prove, userScope, workspaceScope, drain: keys.drain };
}

export type AccessService = ReturnType<typeof createAccessService>;

import { Forbidden, TenantConflict, TenantRequired, Unauthenticated } from '@morket/contract/errors';
import { can, type Permission } from '@morket/contract/permissions';
import type { Db } from '@morket/db';
import * as repo from './access.repo.ts';
import type { AccessClaims, AccessTokens } from './access-token.ts';
import { createPrincipalReader } from './principal-reader.ts';
import type { RequestOrigin, UserScope, WorkspaceScope } from './scope.ts';
import { chooseTenant, type TenantChoice, type TenantSources } from './tenant.model.ts';

/**
 * Turns a bearer token into a scope. Session, role and membership are read anew for each request, and once: an `origin` stands for one
 * request and must not be kept for another.
 */
export function createAccessService(deps: { readonly db: Db; readonly tokens: AccessTokens }) {
  const { db, tokens } = deps;
  const principals = createPrincipalReader(db.points);
  /** What was read for a request: its origin is made with it, and goes with it. The calls of a batch share it. */
  const readFor = new WeakMap<RequestOrigin, Map<string, Promise<repo.PrincipalRow>>>();

  async function readPrincipal(claims: AccessClaims, tenant: TenantChoice | null): Promise<repo.PrincipalRow> {
    const row = await principals.read({ sessionId: claims.sessionId, userId: claims.userId, tenant });
    if (!row || row.revoked || row.disabled) throw Unauthenticated({ reason: 'revoked' });
    if (row.expired) throw Unauthenticated({ reason: 'expired' });
    if (claims.gen > row.observedGen || row.seenLongAgo) await repo.observe(db.read, claims.sessionId, claims.gen);
    return row;
  }

  /** Once for each request and tenant. */
  function principal(
    claims: AccessClaims,
    origin: RequestOrigin,
    tenant: TenantChoice | null,
  ): Promise<repo.PrincipalRow> {
    const read = readFor.get(origin) ?? new Map<string, Promise<repo.PrincipalRow>>();
    readFor.set(origin, read);
    const key = JSON.stringify([claims, tenant]);
    const reading = read.get(key) ?? readPrincipal(claims, tenant);
    read.set(key, reading);
    return reading;
  }

  /** Who presents this access token. Reads no database. Throws `access.unauthenticated`. */
  function identify(bearer: string | null): Promise<AccessClaims> {
    return tokens.verify(bearer);
  }

  /** Throws `access.unauthenticated` when the session has ended. */
  async function userScope(claims: AccessClaims, origin: RequestOrigin): Promise<UserScope> {
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
   * Throws `access.unauthenticated`, `access.workspace_required`, `access.workspace_conflict`, and `access.forbidden` alike for
   * a workspace that does not exist, one the caller is no member of, and a role that may not.
   */
  async function workspaceScope(
    claims: AccessClaims,
    origin: RequestOrigin,
    wanted: { readonly sources: TenantSources; readonly permission: Permission },
  ): Promise<WorkspaceScope> {
    const tenant = chooseTenant(wanted.sources);
    const row = await principal(claims, origin, tenant);
    if (row.workspaceId === null && tenant.id === null && tenant.slug === null) throw TenantRequired({});
    if (row.workspaceId === null || row.role === null) throw Forbidden({});
    if (tenant.slug !== null && row.workspaceSlug !== tenant.slug) throw TenantConflict({});
    if (!can(row.role, wanted.permission)) throw Forbidden({});
    const { workspaceId, role } = row;
    const scope = {
      actorId: claims.userId,
      sessionId: claims.sessionId,
      workspaceId,
      role,
      impersonatorId: null,
      origin,
    };
    return scope as WorkspaceScope; // the brand is granted here alone
  }

  return { identify, userScope, workspaceScope };
}

export type AccessService = ReturnType<typeof createAccessService>;

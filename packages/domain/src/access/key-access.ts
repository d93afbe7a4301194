import { Forbidden, ScopeMissing, TenantConflict, Unauthenticated } from '@morket/contract/errors';
import { can, isKeyPermission, type Permission } from '@morket/contract/permissions';
import type { Db } from '@morket/db';
import * as repo from './access.repo.ts';
import { apiKeyHash, isApiKeyText } from './api-key-text.model.ts';
import { createKnownKeys } from './known-keys.ts';
import { createOncePerRequest } from './once-per-request.ts';
import { createKeyReader } from './principal-reader.ts';
import type { RequestOrigin, WorkspaceScope } from './scope.ts';
import type { TenantChoice } from './tenant.model.ts';

/** Some 2 MB at most. */
const MAX_KNOWN_KEYS = 10_000;

/** What a key proves before it is looked up: that it may be one. `apiKeyId` is null until this process has seen it be one. */
export type KeyClaims = { readonly keyHash: string; readonly apiKeyId: string | null };

type LiveKey = repo.KeyRow & {
  readonly workspaceId: string;
  readonly planType: NonNullable<repo.KeyRow['planType']>;
  readonly role: NonNullable<repo.KeyRow['role']>;
};

/** A key lives as long as its workspace, its maker's account and its maker's membership do. Throws `access.unauthenticated`. */
function assertAlive(row: repo.KeyRow | null): asserts row is LiveKey {
  if (!row) throw Unauthenticated({ reason: 'invalid' });
  if (row.revoked || row.disabled || row.workspaceId === null || row.planType === null || row.role === null) {
    throw Unauthenticated({ reason: 'revoked' });
  }
  if (row.expired) throw Unauthenticated({ reason: 'expired' });
}

/** Turns an API key into a scope: read anew for each request, once for all its calls. */
export function createKeyAccess(deps: {
  readonly db: Pick<Db, 'points' | 'read'>;
  readonly onFailure: (err: unknown) => void;
}) {
  const { db, onFailure } = deps;
  const reader = createKeyReader(db.points);
  const known = createKnownKeys({ maxKeys: MAX_KNOWN_KEYS });
  const perRequest = createOncePerRequest<LiveKey>();
  const noting = new Map<string, Promise<void>>();
  const proving = new Map<string, Promise<string>>();

  /** Nobody waits for it, and nobody's call fails with it. */
  function noteUse({ apiKeyId }: LiveKey): void {
    if (noting.has(apiKeyId)) return;
    const work = repo
      .noteUse(db.read, apiKeyId)
      .catch(onFailure)
      .finally(() => noting.delete(apiKeyId));
    noting.set(apiKeyId, work);
  }

  async function readKey(keyHash: string): Promise<LiveKey> {
    const row = await reader.read(keyHash);
    assertAlive(row);
    known.remember(keyHash, row.apiKeyId);
    if (row.seenLongAgo) noteUse(row);
    return row;
  }

  /** What the text of a key claims. Reads no database. Throws `access.unauthenticated` for what is none. */
  function claimsOf(text: string): KeyClaims {
    if (!isApiKeyText(text)) throw Unauthenticated({ reason: 'invalid' });
    const keyHash = apiKeyHash(text);
    return { keyHash, apiKeyId: known.find(keyHash) };
  }

  async function lookUp(keyHash: string, origin: RequestOrigin, charge: () => Promise<void>): Promise<string> {
    await charge();
    const { apiKeyId } = await perRequest(origin, keyHash, () => readKey(keyHash));
    return apiKeyId;
  }

  /**
   * The id of the key that these claim to be. What this process has never seen to be one is looked up once `charge` has let it; calls that
   * come meanwhile from the same address with the same key wait for the one answer, so that the many first calls of a good key cost its
   * address one, and those of a made-up one the database no more. Throws `access.unauthenticated` and what `charge` throws.
   */
  async function prove(
    { keyHash, apiKeyId }: KeyClaims,
    origin: RequestOrigin,
    charge: () => Promise<void>,
  ): Promise<string> {
    if (apiKeyId !== null) return apiKeyId;
    const about = `${keyHash} ${origin.ip}`;
    const underWay = proving.get(about) ?? lookUp(keyHash, origin, charge).finally(() => proving.delete(about));
    proving.set(about, underWay);
    return underWay;
  }

  /**
   * The key's workspace is one of the sources that name the tenant. Throws `access.unauthenticated`, `access.workspace_conflict`,
   * `access.scope_missing`, and `access.forbidden` where the role of its maker holds the permission no longer.
   */
  async function scopeOf(
    { keyHash }: KeyClaims,
    origin: RequestOrigin,
    wanted: { readonly tenant: TenantChoice; readonly permission: Permission },
  ): Promise<WorkspaceScope> {
    const { tenant, permission } = wanted;
    const row = await perRequest(origin, keyHash, () => readKey(keyHash));
    const { apiKeyId, userId, workspaceId, planType, role } = row;
    // Alike for a workspace that exists and one that does not.
    if (tenant.id !== null && tenant.id !== workspaceId) throw TenantConflict({});
    if (tenant.slug !== null && tenant.slug !== row.workspaceSlug) throw TenantConflict({});
    if (!isKeyPermission(permission) || !row.scopes.includes(permission)) throw ScopeMissing({ permission });
    if (!can(role, permission)) throw Forbidden({});
    const scope = {
      ...{ actorId: userId, sessionId: null, workspaceId, planType, role },
      ...{ impersonatorId: null, apiKeyId, origin },
    };
    return scope as WorkspaceScope; // the brand is granted in this module alone
  }

  /** Resolves when every use is noted. */
  const drain = async (): Promise<void> => void (await Promise.all(noting.values()));

  return { claimsOf, prove, scopeOf, drain };
}

import type { ApiKey, ApiKeyState } from '@morket/contract/api-key';
import { isKeyPermission } from '@morket/contract/permissions';
import { Prisma, type Reader, type Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';

/** What is stored of a secret. */
export type StoredSecret = {
  readonly keyHash: Uint8Array<ArrayBuffer>;
  readonly keyPrefix: string;
  readonly last4: string;
};

type ApiKeyRow = Omit<ApiKey, 'scopes'> & { readonly scopes: readonly string[] };

/** A permission that no longer exists, or is given to no key any more, counts for nothing. */
const toApiKeyDto = (row: ApiKeyRow): ApiKey => ({ ...row, scopes: row.scopes.filter(isKeyPermission) });

const STATE = Prisma.sql`
  case when k.revoked_at is not null then 'revoked'
       when k.expires_at <= now() then 'expired'
       when u.disabled_at is not null or m.created_at is null then 'ownerless'
       else 'active' end`;

/** Keys with their maker. A membership younger than the key is another one: see the look-up of keys. */
const KEYS = Prisma.sql`
  api_keys k
    join users u on u.id = k.created_by
    left join memberships m on m.workspace_id = k.workspace_id and m.user_id = k.created_by and m.created_at <= k.created_at`;

/** Keys as they are shown. */
const SHOWN = Prisma.sql`
  select k.id, k.workspace_id as "workspaceId", k.name, k.key_prefix as "keyPrefix", k.last4, k.scopes, ${STATE} as state,
         k.created_by as "createdBy", k.created_at as "createdAt", k.expires_at as "expiresAt", k.rotated_at as "rotatedAt",
         case when k.grace_ends_at > now() then k.grace_ends_at end as "graceEndsAt",
         k.revoked_at as "revokedAt", k.last_used_at as "lastUsedAt"
    from ${KEYS}`;

/** Keys, newest first. */
export async function listApiKeys(
  reader: Reader,
  scope: WorkspaceScope,
  { page, limit }: { readonly page: number; readonly limit: number },
) {
  const { workspaceId } = scope;
  const [rows, total] = await Promise.all([
    reader.$queryRaw<ApiKeyRow[]>`${SHOWN}
      where k.workspace_id = ${workspaceId}::uuid
      order by k.created_at desc, k.id desc limit ${limit}::int offset ${(page - 1) * limit}::int`,
    reader.apiKey.count({ where: { workspaceId } }),
  ]);
  return { items: rows.map(toApiKeyDto), total };
}

/** A key that is there. */
export async function getApiKey(tx: Tx, scope: WorkspaceScope, id: string): Promise<ApiKey> {
  const [row] = await tx.$queryRaw<ApiKeyRow[]>`${SHOWN}
    where k.workspace_id = ${scope.workspaceId}::uuid and k.id = ${id}::uuid`;
  if (!row) throw new Error('An API key is never deleted.');
  return toApiKeyDto(row);
}

/** Whether a moment lies ahead, by the clock of the database. */
export async function isAhead(tx: Tx, moment: string): Promise<boolean> {
  const [row] = await tx.$queryRaw<{ ahead: boolean }[]>`select ${moment}::timestamptz > now() as ahead`;
  return row?.ahead === true;
}

export async function insertApiKey(
  tx: Tx,
  scope: WorkspaceScope,
  apiKey: StoredSecret & {
    readonly id: string;
    readonly name: string;
    readonly scopes: readonly string[];
    readonly expiresAt: string | null;
  },
): Promise<void> {
  const { id, name, scopes, expiresAt, keyHash, keyPrefix, last4 } = apiKey;
  await tx.$executeRaw`
    insert into api_keys (id, workspace_id, name, scopes, expires_at, key_hash, key_prefix, last4, created_by)
    values (${id}::uuid, ${scope.workspaceId}::uuid, ${name}, ${scopes}, ${expiresAt}::timestamptz, ${keyHash}, ${keyPrefix}, ${last4},
            ${scope.actorId}::uuid)`;
}

export type LockedApiKey = {
  readonly name: string;
  readonly last4: string;
  readonly createdBy: string;
  readonly expiresAt: Date | null;
  readonly state: ApiKeyState;
};

/** Locks one key of the workspace; null: there is none. */
export async function lockApiKey(tx: Tx, scope: WorkspaceScope, id: string): Promise<LockedApiKey | null> {
  const [row] = await tx.$queryRaw<LockedApiKey[]>`
    select k.name, k.last4, k.created_by as "createdBy", k.expires_at as "expiresAt", ${STATE} as state
      from ${KEYS} where k.workspace_id = ${scope.workspaceId}::uuid and k.id = ${id}::uuid for update of k`;
  return row ?? null;
}

/** The secret of before is taken for `graceSeconds` more; one that was in its grace already ends. */
export async function replaceSecret(
  tx: Tx,
  scope: WorkspaceScope,
  id: string,
  next: StoredSecret & { readonly graceSeconds: number; readonly expiresAt: string | null },
): Promise<void> {
  const { keyHash, keyPrefix, last4, graceSeconds, expiresAt } = next;
  await tx.$executeRaw`
    update api_keys
       set previous_hash = case when ${graceSeconds}::int > 0 then key_hash end,
           grace_ends_at = case when ${graceSeconds}::int > 0 then now() + make_interval(secs => ${graceSeconds}::int) end,
           key_hash = ${keyHash}, key_prefix = ${keyPrefix}, last4 = ${last4}, expires_at = ${expiresAt}::timestamptz, rotated_at = now()
     where workspace_id = ${scope.workspaceId}::uuid and id = ${id}::uuid`;
}

export async function markRevoked(tx: Tx, scope: WorkspaceScope, id: string): Promise<void> {
  await tx.$executeRaw`
    update api_keys set revoked_at = now() where workspace_id = ${scope.workspaceId}::uuid and id = ${id}::uuid`;
}

import type { PlanType } from '@morket/contract/billing';
import type { Role } from '@morket/contract/permissions';
import { type PointReader, Prisma, type Reader } from '@morket/db';
import type { TenantChoice } from './tenant.model.ts';

export type PrincipalRow = {
  readonly observedGen: number;
  readonly revoked: boolean;
  readonly expired: boolean;
  readonly disabled: boolean;
  readonly seenLongAgo: boolean;
  readonly workspaceId: string | null;
  readonly workspaceSlug: string | null;
  readonly planType: PlanType | null;
  readonly role: Role | null;
};

export type PrincipalKey = {
  readonly sessionId: string;
  readonly userId: string;
  readonly tenant: TenantChoice | null;
};

/** Session, person, workspace and membership of each request, in one query of index look-ups (see `PointTx`); null where there is no such session of that person. */
export function findPrincipals(
  points: PointReader,
  keys: readonly PrincipalKey[],
): Promise<readonly (PrincipalRow | null)[]> {
  const rows = keys.map(({ sessionId, userId, tenant }, index) => ({
    ...{ n: index, s: sessionId, u: userId, inside: tenant !== null, id: tenant?.id, slug: tenant?.slug },
  }));
  return points.readJson(Prisma.sql`
    select json_agg(
             case when s.id is null then null else json_build_object(
               'observedGen', s.observed_gen,
               'revoked', s.revoked_at is not null,
               'expired', s.absolute_expires_at <= now(),
               'disabled', u.disabled_at is not null,
               'seenLongAgo', s.last_seen_at < now() - interval '1 minute',
               'workspaceId', w.id, 'workspaceSlug', w.slug, 'planType', b.plan_type, 'role', m.role) end order by k.n) as json
      from json_to_recordset(${JSON.stringify(rows)}::json) as k (n int, s uuid, u uuid, inside boolean, id uuid, slug text)
      left join lateral (select * from sessions x where x.id = k.s and x.user_id = k.u offset 0) s on true
      left join lateral (select disabled_at from users x where x.id = s.user_id offset 0) u on true
      left join lateral (
        select id, slug from workspaces x
         where x.deleted_at is null and x.id = case
               when not k.inside then null
               when k.id is not null then k.id
               when k.slug is not null then (select id from workspaces where slug = k.slug)
               else s.active_workspace_id end offset 0) w on true
      left join lateral (select plan_type from billing_accounts x where x.workspace_id = w.id offset 0) b on true
      left join lateral (
        select role from memberships x where x.workspace_id = w.id and x.user_id = s.user_id offset 0) m on true`);
}

export type KeyRow = {
  readonly apiKeyId: string;
  /** Whoever made it. */
  readonly userId: string;
  readonly scopes: readonly string[];
  readonly revoked: boolean;
  readonly expired: boolean;
  readonly disabled: boolean;
  readonly seenLongAgo: boolean;
  /** Null where the workspace has been deleted. */
  readonly workspaceId: string | null;
  readonly workspaceSlug: string | null;
  readonly planType: PlanType | null;
  /** The role of whoever made it; null for one who has left since, also when they came back: what they left behind stays dead. */
  readonly role: Role | null;
};

/**
 * Key, maker, workspace and membership for each hash (hex), in one query of index look-ups; null where there is no such key. After a
 * rotation the hash of before leads to its key until the grace ends.
 */
export function findKeys(points: PointReader, hashes: readonly string[]): Promise<readonly (KeyRow | null)[]> {
  const rows = hashes.map((h, n) => ({ n, h }));
  return points.readJson(Prisma.sql`
    select json_agg(
             case when a.id is null then null else json_build_object(
               'apiKeyId', a.id, 'userId', a.created_by, 'scopes', a.scopes,
               'revoked', a.revoked_at is not null,
               'expired', coalesce(a.expires_at <= now(), false),
               'disabled', u.disabled_at is not null,
               'seenLongAgo', coalesce(a.last_used_at < now() - interval '1 minute', true),
               'workspaceId', w.id, 'workspaceSlug', w.slug, 'planType', b.plan_type, 'role', m.role) end order by k.n) as json
      from json_to_recordset(${JSON.stringify(rows)}::json) as k (n int, h text)
      left join lateral (
        select * from api_keys x where x.key_hash = decode(k.h, 'hex')
        union all
        select * from api_keys x where x.previous_hash = decode(k.h, 'hex') and x.grace_ends_at > now()
        limit 1) a on true
      left join lateral (select disabled_at from users x where x.id = a.created_by offset 0) u on true
      left join lateral (
        select id, slug from workspaces x where x.id = a.workspace_id and x.deleted_at is null offset 0) w on true
      left join lateral (select plan_type from billing_accounts x where x.workspace_id = w.id offset 0) b on true
      left join lateral (
        select role from memberships x
         where x.workspace_id = w.id and x.user_id = a.created_by and x.created_at <= a.created_at offset 0) m on true`);
}

/** Notes the use of a key, to the minute: however many ask at once, one of them writes. */
export async function noteUse(reader: Reader, apiKeyId: string): Promise<void> {
  await reader.$executeRaw`
    update api_keys set last_used_at = now()
     where id = ${apiKeyId}::uuid and coalesce(last_used_at < now() - interval '1 minute', true)`;
}

/** Notes that the token of generation `gen` is in use: from now on its predecessor is no honest retry. */
export async function observe(reader: Reader, sessionId: string, gen: number): Promise<void> {
  await reader.$executeRaw`
    update sessions
       set observed_gen = greatest(observed_gen, least(gen, ${gen}::int)), last_seen_at = now()
     where id = ${sessionId}::uuid`;
}

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
  readonly role: Role | null;
};

/** Session, person, workspace and membership of a request in one indexed query. Null: no such session of this person. */
export function findPrincipal(
  points: PointReader,
  key: { readonly sessionId: string; readonly userId: string; readonly tenant: TenantChoice | null },
): Promise<PrincipalRow | null> {
  const { sessionId, userId, tenant } = key;
  return points.readJson<PrincipalRow | null>(Prisma.sql`
    select (select json_build_object(
             'observedGen', s.observed_gen,
             'revoked', s.revoked_at is not null,
             'expired', s.absolute_expires_at <= now(),
             'disabled', u.disabled_at is not null,
             'seenLongAgo', s.last_seen_at < now() - interval '1 minute',
             'workspaceId', w.id, 'workspaceSlug', w.slug, 'role', m.role)
      from sessions s
      join users u on u.id = s.user_id
      left join workspaces w on w.deleted_at is null and w.id = case
             when not ${tenant !== null}::boolean then null
             when ${tenant?.id ?? null}::uuid is not null then ${tenant?.id ?? null}::uuid
             when ${tenant?.slug ?? null}::text is not null then (select id from workspaces where slug = ${tenant?.slug ?? null}::text)
             else s.active_workspace_id end
      left join memberships m on m.workspace_id = w.id and m.user_id = s.user_id
     where s.id = ${sessionId}::uuid and s.user_id = ${userId}::uuid) as json`);
}

/** Notes that the token of generation `gen` is in use: from now on its predecessor is no honest retry. */
export async function observe(reader: Reader, sessionId: string, gen: number): Promise<void> {
  await reader.$executeRaw`
    update sessions
       set observed_gen = greatest(observed_gen, least(gen, ${gen}::int)), last_seen_at = now()
     where id = ${sessionId}::uuid`;
}

import type { Role } from '@morket/contract/permissions';
import type { Workspace } from '@morket/contract/workspace';
import { type PointReader, Prisma, type Reader, type Tx } from '@morket/db';
import type { UserScope, WorkspaceScope } from '../access/index.ts';

export type WorkspaceRow = {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

export const toWorkspaceDto = ({ id, name, slug, createdAt, updatedAt }: WorkspaceRow, role: Role): Workspace => ({
  id,
  name,
  slug,
  role,
  createdAt,
  updatedAt,
});

/** Null when the slug is taken. */
export async function insertWorkspace(
  tx: Tx,
  workspace: { readonly id: string; readonly name: string; readonly slug: string; readonly keySalt: Uint8Array },
): Promise<WorkspaceRow | null> {
  const { id, name, slug, keySalt } = workspace;
  const [row] = await tx.$queryRaw<WorkspaceRow[]>`
    insert into workspaces (id, name, slug, key_salt) values (${id}::uuid, ${name}, ${slug}, ${keySalt})
    on conflict (slug) do nothing
    returning id, name, slug, created_at as "createdAt", updated_at as "updatedAt"`;
  return row ?? null;
}

/** The workspaces of a person, oldest membership first. */
export async function listWorkspaces(
  reader: Reader,
  scope: UserScope,
  { page, limit }: { readonly page: number; readonly limit: number },
) {
  const where = { userId: scope.actorId, workspace: { deletedAt: null } };
  const [rows, total] = await Promise.all([
    reader.membership.findMany({
      where,
      include: { workspace: true },
      orderBy: [{ createdAt: 'asc' }, { workspaceId: 'asc' }],
      skip: (page - 1) * limit,
      take: limit,
    }),
    reader.membership.count({ where }),
  ]);
  return { items: rows.map((row) => toWorkspaceDto(row.workspace, row.role)), total };
}

/** The workspace of a scope: authorizing found it a moment ago. */
export async function findWorkspace(points: PointReader, scope: WorkspaceScope): Promise<WorkspaceRow | null> {
  const row = await points.readJson<(Pick<WorkspaceRow, 'id' | 'name' | 'slug'> & WorkspaceTimes) | null>(Prisma.sql`
    select (select json_build_object('id', id, 'name', name, 'slug', slug, 'created', extract(epoch from created_at) * 1000,
                                     'updated', extract(epoch from updated_at) * 1000)
              from workspaces where id = ${scope.workspaceId}::uuid and deleted_at is null) as json`);
  if (!row) return null;
  const { id, name, slug, created, updated } = row;
  return { id, name, slug, createdAt: new Date(created), updatedAt: new Date(updated) };
}
type WorkspaceTimes = { readonly created: number; readonly updated: number };

/** The first lock in the order workspace → billing → run → row. Null when the workspace has been deleted meanwhile. */
export async function lockWorkspace(tx: Tx, workspaceId: string): Promise<WorkspaceRow | null> {
  const [row] = await tx.$queryRaw<WorkspaceRow[]>`
    select id, name, slug, created_at as "createdAt", updated_at as "updatedAt"
      from workspaces where id = ${workspaceId}::uuid and deleted_at is null for update`;
  return row ?? null;
}

export function renameWorkspace(tx: Tx, scope: WorkspaceScope, name: string) {
  return tx.workspace.update({ where: { id: scope.workspaceId }, data: { name, updatedAt: new Date() } });
}

export async function markDeleted(tx: Tx, scope: WorkspaceScope): Promise<void> {
  await tx.$executeRaw`
    update workspaces set deleted_at = clock_timestamp(), updated_at = clock_timestamp()
     where id = ${scope.workspaceId}::uuid`;
}

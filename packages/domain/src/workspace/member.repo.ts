import type { Role } from '@morket/contract/permissions';
import type { Member } from '@morket/contract/workspace';
import type { Reader, Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';

type MemberRow = {
  readonly userId: string;
  readonly role: Role;
  readonly createdAt: Date;
  readonly user: { readonly email: string; readonly name: string; readonly emailVerifiedAt: Date | null };
};

const toMemberDto = ({ userId, role, createdAt, user }: MemberRow): Member => ({
  userId,
  email: user.email,
  name: user.name,
  role,
  emailVerified: user.emailVerifiedAt !== null,
  joinedAt: createdAt,
});

const withUser = { user: { select: { email: true, name: true, emailVerifiedAt: true } } } as const;

/** Members, first joined first. */
export async function listMembers(
  reader: Reader,
  scope: WorkspaceScope,
  { page, limit }: { readonly page: number; readonly limit: number },
) {
  const where = { workspaceId: scope.workspaceId };
  const [rows, total] = await Promise.all([
    reader.membership.findMany({
      where,
      include: withUser,
      orderBy: [{ createdAt: 'asc' }, { userId: 'asc' }],
      skip: (page - 1) * limit,
      take: limit,
    }),
    reader.membership.count({ where }),
  ]);
  return { items: rows.map(toMemberDto), total };
}

export async function findRole(reader: Reader, workspaceId: string, userId: string): Promise<Role | null> {
  const row = await reader.membership.findUnique({
    where: { workspaceId_userId: { workspaceId, userId } },
    select: { role: true },
  });
  return row?.role ?? null;
}

export function countOwners(tx: Tx, scope: WorkspaceScope): Promise<number> {
  return tx.membership.count({ where: { workspaceId: scope.workspaceId, role: 'owner' } });
}

export async function insertMember(
  tx: Tx,
  workspaceId: string,
  member: { readonly userId: string; readonly role: Role },
) {
  const { userId, role } = member;
  return toMemberDto(await tx.membership.create({ data: { workspaceId, userId, role }, include: withUser }));
}

export async function updateRole(
  tx: Tx,
  scope: WorkspaceScope,
  member: { readonly userId: string; readonly role: Role },
) {
  const { userId, role } = member;
  const row = await tx.membership.update({
    where: { workspaceId_userId: { workspaceId: scope.workspaceId, userId } },
    data: { role, updatedAt: new Date() },
    include: withUser,
  });
  return toMemberDto(row);
}

export async function deleteMember(tx: Tx, scope: WorkspaceScope, userId: string): Promise<void> {
  await tx.membership.delete({ where: { workspaceId_userId: { workspaceId: scope.workspaceId, userId } } });
}

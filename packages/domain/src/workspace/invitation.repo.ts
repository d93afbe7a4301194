import type { Role } from '@morket/contract/permissions';
import type { Invitation } from '@morket/contract/workspace';
import type { Reader, Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';

export type InvitationRow = {
  readonly id: string;
  readonly workspaceId: string;
  readonly email: string;
  readonly role: Role;
  readonly invitedBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly acceptedAt: Date | null;
  readonly revokedAt: Date | null;
};

function statusOf(row: InvitationRow, now: Date): Invitation['status'] {
  if (row.acceptedAt) return 'accepted';
  // One that ran out is closed as of its expiry when the address is invited again.
  if (row.revokedAt && row.revokedAt < row.expiresAt) return 'revoked';
  return row.expiresAt <= now ? 'expired' : 'open';
}

export const toInvitationDto = (row: InvitationRow, now: Date): Invitation => ({
  id: row.id,
  email: row.email,
  role: row.role,
  invitedBy: row.invitedBy,
  createdAt: row.createdAt,
  expiresAt: row.expiresAt,
  status: statusOf(row, now),
});

/** Closes invitations of this address that ran out, so that they do not stand in the way of a new one. */
export async function closeExpired(tx: Tx, scope: WorkspaceScope, email: string): Promise<void> {
  await tx.$executeRaw`
    update invitations set revoked_at = expires_at
     where workspace_id = ${scope.workspaceId}::uuid and email = ${email} and accepted_at is null and revoked_at is null
       and expires_at <= clock_timestamp()`;
}

export function findOpen(tx: Tx, scope: WorkspaceScope, email: string) {
  return tx.invitation.findFirst({
    where: { workspaceId: scope.workspaceId, email, acceptedAt: null, revokedAt: null },
    select: { id: true },
  });
}

export function insertInvitation(
  tx: Tx,
  scope: WorkspaceScope,
  invitation: {
    readonly id: string;
    readonly email: string;
    readonly role: Role;
    readonly tokenHash: Uint8Array<ArrayBuffer>;
    readonly expiresAt: Date;
  },
) {
  const { id, email, role, tokenHash, expiresAt } = invitation;
  return tx.invitation.create({
    data: { id, workspaceId: scope.workspaceId, email, role, tokenHash, expiresAt, invitedBy: scope.actorId },
  });
}

/** Invitations, newest first. */
export async function listInvitations(
  reader: Reader,
  scope: WorkspaceScope,
  { page, limit }: { readonly page: number; readonly limit: number },
) {
  const where = { workspaceId: scope.workspaceId };
  const [rows, total] = await Promise.all([
    reader.invitation.findMany({
      where,
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      skip: (page - 1) * limit,
      take: limit,
    }),
    reader.invitation.count({ where }),
  ]);
  return { rows, total };
}

/** The open invitation that was revoked, or null. */
export async function revokeOpen(tx: Tx, scope: WorkspaceScope, id: string): Promise<string | null> {
  const [row] = await tx.$queryRaw<{ email: string }[]>`
    update invitations set revoked_at = clock_timestamp()
     where workspace_id = ${scope.workspaceId}::uuid and id = ${id}::uuid
       and accepted_at is null and revoked_at is null
    returning email`;
  return row?.email ?? null;
}

type InvitationKey = { readonly workspaceId: string; readonly id: string };

/** What the mail of an invitation says; null where it was accepted, revoked or ran out. */
export async function findOpenToMail(reader: Reader, { workspaceId, id }: InvitationKey) {
  const row = await reader.invitation.findFirst({
    where: { workspaceId, id, acceptedAt: null, revokedAt: null, expiresAt: { gt: new Date() } },
    select: { email: true, role: true, expiresAt: true, workspace: { select: { name: true, keySalt: true } } },
  });
  if (!row) return null;
  const { email, role, expiresAt, workspace } = row;
  return { email, role, expiresAt, workspaceName: workspace.name, keySalt: workspace.keySalt };
}

/** From now on this token is the good one; false where the invitation is not open any more. */
export async function setTokenHash(
  reader: Reader,
  { workspaceId, id }: InvitationKey,
  tokenHash: Uint8Array,
): Promise<boolean> {
  const updated = await reader.$executeRaw`
    update invitations set token_hash = ${tokenHash}
     where workspace_id = ${workspaceId}::uuid and id = ${id}::uuid and accepted_at is null and revoked_at is null
       and expires_at > clock_timestamp()`;
  return updated === 1;
}

export function findByToken(reader: Reader, tokenHash: Uint8Array<ArrayBuffer>) {
  return reader.invitation.findUnique({ where: { tokenHash } });
}

/** Uses the token up. Null when it was used, revoked or ran out; of two that race one gets it. */
export async function consumeToken(tx: Tx, tokenHash: Uint8Array): Promise<InvitationRow | null> {
  const [row] = await tx.$queryRaw<InvitationRow[]>`
    update invitations set accepted_at = clock_timestamp()
     where token_hash = ${tokenHash} and accepted_at is null and revoked_at is null and expires_at > clock_timestamp()
    returning id, workspace_id as "workspaceId", email, role::text as role, invited_by as "invitedBy",
              created_at as "createdAt", expires_at as "expiresAt", accepted_at as "acceptedAt", revoked_at as "revokedAt"`;
  return row ?? null;
}

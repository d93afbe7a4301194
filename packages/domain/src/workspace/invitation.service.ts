import { createHash, randomBytes } from 'node:crypto';
import { can, rankOf } from '@morket/contract/permissions';
import type { Page, PageInput } from '@morket/contract/primitives';
import {
  type AcceptInvitationInput,
  AlreadyInvited,
  AlreadyMember,
  type CreateInvitationInput,
  type Invitation,
  InvitationAccepted,
  InvitationCreated,
  InvitationNotFound,
  InvitationRefused,
  InvitationRevoked,
  MemberAdded,
  type RevokeInvitationInput,
  type Workspace,
} from '@morket/contract/workspace';
import type { Db } from '@morket/db';
import type { Acting, UserScope, WorkspaceScope } from '../access/index.ts';
import { findUserByEmail, getUser, markEmailVerified } from '../auth/index.ts';
import { newId } from '../ids/index.ts';
import type { MailPort } from '../mail/index.ts';
import { record } from '../record/index.ts';
import * as repo from './invitation.repo.ts';
import * as members from './member.repo.ts';
import { assertWithinRank } from './membership.model.ts';
import { lockRoster } from './roster.ts';
import { lockWorkspace, toWorkspaceDto } from './workspace.repo.ts';

const TOKEN_BYTES = 32;
const LIFETIME_MS = 7 * 24 * 60 * 60 * 1_000;

const hashOf = (token: string) => new Uint8Array(createHash('sha256').update(token).digest());

type Deps = { readonly db: Db; readonly mail: MailPort };

/** Invitations: bound to an address, good once, for seven days. The token travels by mail alone and is stored hashed. */
export function createInvitationService({ db, mail }: Deps) {
  /** Throws `workspace.already_member`, `workspace.already_invited`, `workspace.role_too_high`. */
  async function create(scope: WorkspaceScope, { email, role }: CreateInvitationInput): Promise<Invitation> {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const now = new Date();
    const { row, workspaceName } = await db.transaction(async (tx) => {
      const { role: ownRole, workspace } = await lockRoster(tx, scope, 'invitation:manage');
      assertWithinRank(ownRole, role);
      const user = await findUserByEmail(tx, email);
      if (user && (await members.findRole(tx, scope.workspaceId, user.id))) throw AlreadyMember({});
      await repo.closeExpired(tx, scope, email);
      if (await repo.findOpen(tx, scope, email)) throw AlreadyInvited({});
      const expiresAt = new Date(now.getTime() + LIFETIME_MS);
      const row = await repo.insertInvitation(tx, scope, {
        id: newId(),
        email,
        role,
        tokenHash: hashOf(token),
        expiresAt,
      });
      await record(tx, scope, InvitationCreated(scope.workspaceId, { invitationId: row.id, email, role }));
      return { row, workspaceName: workspace.name };
    });
    await mail.send({
      to: email,
      subject: `You are invited to ${workspaceName} on Morket`,
      text: [
        `You are invited to the workspace "${workspaceName}" as ${role}.`,
        `Sign in (or register) with ${email} and accept with this token, by ${row.expiresAt.toUTCString()}:`,
        token,
      ].join('\n\n'),
    });
    return repo.toInvitationDto(row, now);
  }

  async function list(scope: WorkspaceScope, input: PageInput): Promise<Page<Invitation>> {
    const { rows, total } = await repo.listInvitations(db.read, scope, input);
    const now = new Date();
    return { items: rows.map((row) => repo.toInvitationDto(row, now)), page: input.page, limit: input.limit, total };
  }

  /** Throws `workspace.invitation_not_found` also for one that is used or revoked. */
  async function revoke(scope: WorkspaceScope, { invitationId }: RevokeInvitationInput): Promise<null> {
    await db.transaction(async (tx) => {
      await lockRoster(tx, scope, 'invitation:manage');
      const email = await repo.revokeOpen(tx, scope, invitationId);
      if (email === null) throw InvitationNotFound({});
      await record(tx, scope, InvitationRevoked(scope.workspaceId, { invitationId }));
    });
    return null;
  }

  /**
   * Makes the caller a member. The inviter must still be one who may grant this role. That the token arrived proves the address,
   * so it is verified with it. Throws `workspace.invitation_refused`, `workspace.already_member`.
   */
  async function accept(scope: UserScope, { token }: AcceptInvitationInput): Promise<Workspace> {
    const tokenHash = hashOf(token);
    return db.transaction(async (tx) => {
      const found = await repo.findByToken(tx, tokenHash);
      // The workspace is locked before the invitation: the order every change of members keeps.
      const workspace = found && (await lockWorkspace(tx, found.workspaceId));
      const user = await getUser(tx, scope.actorId);
      if (!found || !workspace || found.email !== user.email) throw InvitationRefused({});
      const invitation = await repo.consumeToken(tx, tokenHash);
      const inviterRole = await members.findRole(tx, workspace.id, found.invitedBy);
      // Whatever became of the inviter is not the invited one's business: one answer for all of it.
      const mayStillGrant = inviterRole && can(inviterRole, 'invitation:manage');
      if (!invitation || !mayStillGrant || rankOf(invitation.role) > rankOf(inviterRole)) throw InvitationRefused({});
      if (await members.findRole(tx, workspace.id, scope.actorId)) throw AlreadyMember({});
      const { role } = invitation;
      const acting: Acting = { ...scope, workspaceId: workspace.id };
      await members.insertMember(tx, workspace.id, { userId: scope.actorId, role });
      await markEmailVerified(tx, scope.actorId);
      await record(tx, acting, MemberAdded(workspace.id, { userId: scope.actorId, role }));
      await record(
        tx,
        acting,
        InvitationAccepted(workspace.id, { invitationId: invitation.id, userId: scope.actorId, role }),
      );
      return toWorkspaceDto(workspace, role);
    });
  }

  return { create, list, revoke, accept };
}

export type InvitationService = ReturnType<typeof createInvitationService>;

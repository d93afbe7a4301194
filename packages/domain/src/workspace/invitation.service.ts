import { randomBytes } from 'node:crypto';
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
import { once } from '../idempotency/index.ts';
import { newId } from '../ids/index.ts';
import { enqueueIn } from '../job/index.ts';
import { assertWithinLimitIn } from '../plan/index.ts';
import { record } from '../record/index.ts';
import * as repo from './invitation.repo.ts';
import { InvitationMail } from './invitation-mail.ts';
import { hashOfToken } from './invitation-token.model.ts';
import * as members from './member.repo.ts';
import { assertWithinRank } from './membership.model.ts';
import { lockRoster } from './roster.ts';
import { lockWorkspace, toWorkspaceDto } from './workspace.repo.ts';

const HASH_BYTES = 32;
const LIFETIME_MS = 7 * 24 * 60 * 60 * 1_000;

/** Invitations: bound to an address, good once, for seven days. The token travels by mail alone and is stored hashed. */
export function createInvitationService({ db }: { readonly db: Db }) {
  /** Throws `workspace.already_member`, `workspace.already_invited`, `workspace.role_too_high`, `plan.limit_reached`. */
  async function create(scope: WorkspaceScope, { email, role }: CreateInvitationInput): Promise<Invitation> {
    const now = new Date();
    return once(db, scope, async (tx) => {
      const { role: ownRole } = await lockRoster(tx, scope, 'invitation:manage');
      assertWithinRank(ownRole, role);
      const user = await findUserByEmail(tx, email);
      if (user && (await members.findRole(tx, scope.workspaceId, user.id))) throw AlreadyMember({});
      await repo.closeExpired(tx, scope, email);
      if (await repo.findOpen(tx, scope, email)) throw AlreadyInvited({});
      // It takes the seat of whom it invites; accepting it takes no other.
      await assertWithinLimitIn(tx, scope, 'members');
      const row = await repo.insertInvitation(tx, scope, {
        ...{ id: newId(), email, role, expiresAt: new Date(now.getTime() + LIFETIME_MS) },
        // Of no token: the one that is good is made when it is mailed.
        tokenHash: new Uint8Array(randomBytes(HASH_BYTES)),
      });
      await record(tx, scope, InvitationCreated(scope.workspaceId, { invitationId: row.id, email, role }));
      const { workspaceId } = scope;
      await enqueueIn(tx, InvitationMail, { invitationId: row.id }, { workspaceId, acting: scope });
      return repo.toInvitationDto(row, now);
    });
  }

  async function list(scope: WorkspaceScope, input: PageInput): Promise<Page<Invitation>> {
    const { rows, total } = await repo.listInvitations(db.read, scope, input);
    const now = new Date();
    return { items: rows.map((row) => repo.toInvitationDto(row, now)), page: input.page, limit: input.limit, total };
  }

  /** Throws `workspace.invitation_not_found` also for one that is used or revoked. */
  async function revoke(scope: WorkspaceScope, { invitationId }: RevokeInvitationInput): Promise<null> {
    return once(db, scope, async (tx) => {
      await lockRoster(tx, scope, 'invitation:manage');
      const email = await repo.revokeOpen(tx, scope, invitationId);
      if (email === null) throw InvitationNotFound({});
      await record(tx, scope, InvitationRevoked(scope.workspaceId, { invitationId }));
      return null;
    });
  }

  /**
   * Makes the caller a member. The inviter must still be one who may grant this role. That the token arrived proves the address,
   * so it is verified with it. Throws `workspace.invitation_refused`, `workspace.already_member`.
   */
  async function accept(scope: UserScope, { token }: AcceptInvitationInput): Promise<Workspace> {
    const tokenHash = hashOfToken(token);
    return once(db, scope, async (tx) => {
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

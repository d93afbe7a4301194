import { Done } from '@morket/contract/primitives';
import {
  AddMemberInput,
  AlreadyInvited,
  AlreadyMember,
  CreateInvitationInput,
  CreateWorkspaceInput,
  Invitation,
  InvitationNotFound,
  InvitationPage,
  LastOwner,
  ListInvitationsInput,
  ListMembersInput,
  ListWorkspacesInput,
  Member,
  MemberNotFound,
  MemberPage,
  RemoveMemberInput,
  RevokeInvitationInput,
  RoleTooHigh,
  UpdateMemberRoleInput,
  UpdateWorkspaceInput,
  UserNotFound,
  Workspace,
  WorkspacePage,
} from '@morket/contract/workspace';
import { userProcedure, workspaceProcedure } from '../procedures/index.ts';
import { t } from '../trpc.ts';

const membersRouter = t.router({
  list: workspaceProcedure('member:read')
    .meta({ rest: { method: 'GET', path: '/workspaces/{workspaceId}/members' }, summary: 'List members' })
    .input(ListMembersInput)
    .output(MemberPage)
    .query(({ ctx, input }) => ctx.services.members.list(ctx.scope, input)),
  add: workspaceProcedure('member:manage', { limit: 'members' })
    .meta({
      rest: { method: 'POST', path: '/workspaces/{workspaceId}/members', status: 201 },
      summary: 'Add a person who has an account',
      errors: [UserNotFound, AlreadyMember, RoleTooHigh],
    })
    .input(AddMemberInput)
    .output(Member)
    .mutation(({ ctx, input }) => ctx.services.members.add(ctx.scope, input)),
  remove: workspaceProcedure('member:manage')
    .meta({
      rest: { method: 'DELETE', path: '/workspaces/{workspaceId}/members/{userId}' },
      summary: 'Remove a member',
      errors: [MemberNotFound, RoleTooHigh, LastOwner],
    })
    .input(RemoveMemberInput)
    .output(Done)
    .mutation(({ ctx, input }) => ctx.services.members.remove(ctx.scope, input)),
  updateRole: workspaceProcedure('member:manage')
    .meta({
      rest: { method: 'PUT', path: '/workspaces/{workspaceId}/members/{userId}/role' },
      summary: 'Change the role of a member',
      errors: [MemberNotFound, RoleTooHigh, LastOwner],
    })
    .input(UpdateMemberRoleInput)
    .output(Member)
    .mutation(({ ctx, input }) => ctx.services.members.updateRole(ctx.scope, input)),
});

const invitationsRouter = t.router({
  create: workspaceProcedure('invitation:manage', { limit: 'members' })
    .meta({
      rest: { method: 'POST', path: '/workspaces/{workspaceId}/invitations', status: 201 },
      summary: 'Invite an address',
      errors: [AlreadyMember, AlreadyInvited, RoleTooHigh],
    })
    .input(CreateInvitationInput)
    .output(Invitation)
    .mutation(({ ctx, input }) => ctx.services.invitations.create(ctx.scope, input)),
  list: workspaceProcedure('invitation:manage')
    .meta({ rest: { method: 'GET', path: '/workspaces/{workspaceId}/invitations' }, summary: 'List invitations' })
    .input(ListInvitationsInput)
    .output(InvitationPage)
    .query(({ ctx, input }) => ctx.services.invitations.list(ctx.scope, input)),
  revoke: workspaceProcedure('invitation:manage')
    .meta({
      rest: { method: 'DELETE', path: '/workspaces/{workspaceId}/invitations/{invitationId}' },
      summary: 'Revoke an open invitation',
      errors: [InvitationNotFound],
    })
    .input(RevokeInvitationInput)
    .output(Done)
    .mutation(({ ctx, input }) => ctx.services.invitations.revoke(ctx.scope, input)),
});

export const workspaceRouter = t.router({
  create: userProcedure()
    .meta({ rest: { method: 'POST', path: '/workspaces', status: 201 }, summary: 'Make a workspace of your own' })
    .input(CreateWorkspaceInput)
    .output(Workspace)
    .mutation(({ ctx, input }) => ctx.services.workspaces.create(ctx.scope, input)),
  list: userProcedure()
    .meta({ rest: { method: 'GET', path: '/workspaces' }, summary: 'List your workspaces' })
    .input(ListWorkspacesInput)
    .output(WorkspacePage)
    .query(({ ctx, input }) => ctx.services.workspaces.list(ctx.scope, input)),
  get: workspaceProcedure('workspace:read')
    .meta({ rest: { method: 'GET', path: '/workspaces/{workspaceId}' }, summary: 'One workspace' })
    .output(Workspace)
    .query(({ ctx }) => ctx.services.workspaces.get(ctx.scope)),
  update: workspaceProcedure('workspace:update')
    .meta({ rest: { method: 'PUT', path: '/workspaces/{workspaceId}' }, summary: 'Rename a workspace' })
    .input(UpdateWorkspaceInput)
    .output(Workspace)
    .mutation(({ ctx, input }) => ctx.services.workspaces.update(ctx.scope, input)),
  delete: workspaceProcedure('workspace:delete')
    .meta({ rest: { method: 'DELETE', path: '/workspaces/{workspaceId}' }, summary: 'Delete a workspace' })
    .output(Done)
    .mutation(({ ctx }) => ctx.services.workspaces.delete(ctx.scope)),
  members: membersRouter,
  invitations: invitationsRouter,
});

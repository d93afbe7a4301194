import { z } from 'zod';
import { defineEvent } from '../events/index.ts';
import { Role } from '../permissions/index.ts';

const onWorkspace = { version: 1, aggregateType: 'workspace' } as const;

export const WorkspaceCreated = defineEvent('workspace.created', {
  ...onWorkspace,
  payload: z.object({ name: z.string(), slug: z.string(), ownerId: z.string() }),
});
export const WorkspaceUpdated = defineEvent('workspace.updated', {
  ...onWorkspace,
  payload: z.object({ name: z.string() }),
});
export const WorkspaceDeleted = defineEvent('workspace.deleted', { ...onWorkspace, payload: z.object({}) });
export const MemberAdded = defineEvent('workspace.member_added', {
  ...onWorkspace,
  payload: z.object({ userId: z.string(), role: Role }),
});
export const MemberRemoved = defineEvent('workspace.member_removed', {
  ...onWorkspace,
  payload: z.object({ userId: z.string(), role: Role }),
});
export const MemberRoleChanged = defineEvent('workspace.member_role_changed', {
  ...onWorkspace,
  payload: z.object({ userId: z.string(), role: Role, previousRole: Role }),
});
export const InvitationCreated = defineEvent('workspace.invitation_created', {
  ...onWorkspace,
  payload: z.object({ invitationId: z.string(), email: z.string(), role: Role }),
});
export const InvitationRevoked = defineEvent('workspace.invitation_revoked', {
  ...onWorkspace,
  payload: z.object({ invitationId: z.string() }),
});
export const InvitationAccepted = defineEvent('workspace.invitation_accepted', {
  ...onWorkspace,
  payload: z.object({ invitationId: z.string(), userId: z.string(), role: Role }),
});

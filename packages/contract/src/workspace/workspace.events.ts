import { z } from 'zod';
import { defineEvent } from '../events/index.ts';
import { Role } from '../permissions/index.ts';

const onWorkspace = { version: 1, aggregateType: 'workspace' } as const;
const USER_ID = '019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40';
const INVITATION_ID = '019aa2c5-11d2-7a64-9f0e-6b1c2d3e4f50';

export const WorkspaceCreated = defineEvent('workspace.created', {
  ...onWorkspace,
  payload: z.object({ name: z.string(), slug: z.string(), ownerId: z.string() }),
  summary: 'A workspace was created.',
  example: { name: 'Acme', slug: 'acme', ownerId: USER_ID },
});
export const WorkspaceUpdated = defineEvent('workspace.updated', {
  ...onWorkspace,
  payload: z.object({ name: z.string() }),
  summary: 'The settings of a workspace changed.',
  example: { name: 'Acme Inc.' },
});
export const WorkspaceDeleted = defineEvent('workspace.deleted', {
  ...onWorkspace,
  payload: z.object({}),
  summary: 'A workspace was deleted; nothing of it can be reached any more.',
  example: {},
});
export const MemberAdded = defineEvent('workspace.member_added', {
  ...onWorkspace,
  payload: z.object({ userId: z.string(), role: Role }),
  summary: 'Somebody became a member.',
  example: { userId: USER_ID, role: 'member' },
});
export const MemberRemoved = defineEvent('workspace.member_removed', {
  ...onWorkspace,
  payload: z.object({ userId: z.string(), role: Role }),
  summary: 'Somebody left or was removed; `role` is the one they held.',
  example: { userId: USER_ID, role: 'viewer' },
});
export const MemberRoleChanged = defineEvent('workspace.member_role_changed', {
  ...onWorkspace,
  payload: z.object({ userId: z.string(), role: Role, previousRole: Role }),
  summary: 'A member holds another role.',
  example: { userId: USER_ID, role: 'admin', previousRole: 'member' },
});
export const InvitationCreated = defineEvent('workspace.invitation_created', {
  ...onWorkspace,
  payload: z.object({ invitationId: z.string(), email: z.string(), role: Role }),
  summary: 'Somebody was invited by e-mail.',
  example: { invitationId: INVITATION_ID, email: 'grace@example.com', role: 'member' },
});
export const InvitationRevoked = defineEvent('workspace.invitation_revoked', {
  ...onWorkspace,
  payload: z.object({ invitationId: z.string() }),
  summary: 'An invitation was taken back before it was accepted.',
  example: { invitationId: INVITATION_ID },
});
export const InvitationAccepted = defineEvent('workspace.invitation_accepted', {
  ...onWorkspace,
  payload: z.object({ invitationId: z.string(), userId: z.string(), role: Role }),
  summary: 'An invitation was accepted; the membership is told by `workspace.member_added`.',
  example: { invitationId: INVITATION_ID, userId: USER_ID, role: 'member' },
});

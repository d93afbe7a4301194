import { z } from 'zod';
import { defineError } from '../errors/index.ts';
import { Role } from '../permissions/index.ts';

const none = z.object({});

export const UserNotFound = defineError('workspace.user_not_found', {
  kind: 'notFound',
  details: none,
  message: 'Nobody has an account with this e-mail address.',
  remedy: 'Invite the address instead.',
});

export const AlreadyMember = defineError('workspace.already_member', {
  kind: 'conflict',
  details: none,
  message: 'This person is a member already.',
  remedy: 'Change the role of the member instead.',
});

export const MemberNotFound = defineError('workspace.member_not_found', {
  kind: 'notFound',
  details: none,
  message: 'There is no such member.',
  remedy: 'List the members of the workspace.',
});

export const LastOwner = defineError('workspace.last_owner', {
  kind: 'conflict',
  details: none,
  message: 'A workspace keeps at least one owner.',
  remedy: 'Make another member an owner first.',
});

export const RoleTooHigh = defineError('workspace.role_too_high', {
  kind: 'forbidden',
  details: z.object({ ownRole: Role.meta({ examples: ['admin'] }) }),
  message: ({ ownRole }) => `As ${ownRole} you may neither grant nor change a role above your own.`,
  remedy: 'Ask somebody with a higher role.',
});

export const AlreadyInvited = defineError('workspace.already_invited', {
  kind: 'conflict',
  details: none,
  message: 'An open invitation for this address exists.',
  remedy: 'Revoke it to send a new one.',
});

export const InvitationNotFound = defineError('workspace.invitation_not_found', {
  kind: 'notFound',
  details: none,
  message: 'There is no such open invitation.',
  remedy: 'List the invitations of the workspace.',
});

export const InvitationRefused = defineError('workspace.invitation_refused', {
  kind: 'notFound',
  details: none,
  message: 'This invitation is not valid for you, or not any more.',
  remedy: 'Sign in with the invited address, or ask for a new invitation.',
});

import { z } from 'zod';
import { defineEvent } from '../events/index.ts';

const onUser = { version: 1, aggregateType: 'user' } as const;
const onSession = { version: 1, aggregateType: 'session' } as const;

export const RevokeReason = z.enum(['logout', 'revoked', 'password_changed', 'refresh_reused']);
export type RevokeReason = z.infer<typeof RevokeReason>;

export const UserRegistered = defineEvent('auth.user_registered', {
  ...onUser,
  payload: z.object({ email: z.string(), name: z.string() }),
});
export const ProfileUpdated = defineEvent('auth.profile_updated', {
  ...onUser,
  payload: z.object({ name: z.string() }),
});
export const PasswordChanged = defineEvent('auth.password_changed', { ...onUser, payload: z.object({}) });
export const SignedInEvent = defineEvent('auth.signed_in', { ...onSession, payload: z.object({ userId: z.string() }) });
export const SessionRevoked = defineEvent('auth.session_revoked', {
  ...onSession,
  payload: z.object({ userId: z.string(), reason: RevokeReason }),
});

import { z } from 'zod';
import { defineEvent } from '../events/index.ts';

const onUser = { version: 1, aggregateType: 'user' } as const;
const onSession = { version: 1, aggregateType: 'session' } as const;
const USER_ID = '019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40';

export const RevokeReason = z.enum(['logout', 'revoked', 'password_changed', 'refresh_reused']);
export type RevokeReason = z.infer<typeof RevokeReason>;

export const UserRegistered = defineEvent('auth.user_registered', {
  ...onUser,
  payload: z.object({ email: z.string(), name: z.string() }),
  summary: 'Somebody made an account.',
  example: { email: 'ada@example.com', name: 'Ada Lovelace' },
});
export const ProfileUpdated = defineEvent('auth.profile_updated', {
  ...onUser,
  payload: z.object({ name: z.string() }),
  summary: 'Somebody changed their profile.',
  example: { name: 'Ada King' },
});
export const PasswordChanged = defineEvent('auth.password_changed', {
  ...onUser,
  payload: z.object({}),
  summary: 'Somebody changed their password; their other sessions ended with it.',
  example: {},
});
export const SignedInEvent = defineEvent('auth.signed_in', {
  ...onSession,
  payload: z.object({ userId: z.string() }),
  summary: 'Somebody signed in, which opened a session.',
  example: { userId: USER_ID },
});
export const SessionRevoked = defineEvent('auth.session_revoked', {
  ...onSession,
  payload: z.object({ userId: z.string(), reason: RevokeReason }),
  summary: 'A session ended before its time.',
  example: { userId: USER_ID, reason: 'logout' },
});

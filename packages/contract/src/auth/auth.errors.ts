import { z } from 'zod';
import { defineError } from '../errors/index.ts';

const none = z.object({});

export const EmailTaken = defineError('auth.email_taken', {
  kind: 'conflict',
  details: none,
  message: 'An account with this e-mail address exists.',
  remedy: 'Sign in, or register with another address.',
});

export const InvalidCredentials = defineError('auth.invalid_credentials', {
  kind: 'unauthenticated',
  details: none,
  message: 'E-mail or password is wrong.',
  remedy: 'Check both; the answer does not tell which one is wrong.',
});

export const PasswordRefused = defineError('auth.password_refused', {
  kind: 'validation',
  details: z.object({ reason: z.enum(['too_common', 'contains_context', 'unchanged']) }),
  message: ({ reason }) =>
    ({
      too_common: 'This password is on the list of the most common ones.',
      contains_context: 'This password is too close to the product, the name or the e-mail address.',
      unchanged: 'The new password is the current one.',
    })[reason],
  remedy: 'Choose another password, for example four random words.',
});

export const CurrentPasswordWrong = defineError('auth.current_password_wrong', {
  kind: 'validation',
  details: none,
  message: 'The current password is wrong.',
  remedy: 'Give the password you sign in with.',
});

export const RefreshTokenRefused = defineError('auth.refresh_token_refused', {
  kind: 'unauthenticated',
  details: z.object({ reason: z.enum(['invalid', 'expired', 'revoked', 'reused']) }),
  message: ({ reason }) =>
    reason === 'reused'
      ? 'This refresh token was used before; its session has been ended.'
      : `The refresh token is ${reason}.`,
  remedy: 'Sign in again. A refresh token is good for one use; a retry carries the Idempotency-Key of the first try.',
});

export const SessionNotFound = defineError('auth.session_not_found', {
  kind: 'notFound',
  details: none,
  message: 'There is no such session.',
  remedy: 'List your sessions.',
});

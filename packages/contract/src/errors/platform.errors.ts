import { z } from 'zod';
import { IdempotencyKey } from '../primitives/index.ts';
import { defineError } from './define-error.ts';

const none = z.object({});

export const InvalidInput = defineError('request.invalid_input', {
  kind: 'validation',
  details: z.object({
    issues: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .max(20)
      .meta({ examples: [[{ path: 'amount', message: 'Too small: expected number to be >0' }]] }),
    omittedIssues: z.int().meta({ examples: [0] }),
  }),
  message: ({ issues }) => {
    const [first] = issues;
    return first ? `The input is not valid: ${first.path || 'input'}: ${first.message}` : 'The input is not valid.';
  },
  remedy: 'Correct the fields named in `details.issues`; at most 20 are listed.',
});

export const MalformedRequest = defineError('request.malformed', {
  kind: 'validation',
  details: z.object({ reason: z.string().meta({ examples: ['it is not valid JSON'] }) }),
  message: ({ reason }) => `The request cannot be read: ${reason}.`,
  remedy: 'Send well-formed JSON of moderate depth, without NUL characters or lone surrogates.',
});

export const BatchTooLarge = defineError('request.batch_too_large', {
  kind: 'validation',
  details: z.object({ maxCalls: z.int().meta({ examples: [10] }) }),
  message: ({ maxCalls }) => `A batch holds at most ${maxCalls} calls.`,
  remedy: 'Split the batch.',
});

export const RouteNotFound = defineError('request.not_found', {
  kind: 'notFound',
  details: none,
  message: 'There is nothing at this address.',
  remedy: 'Look the path up in the API reference.',
});

export const MethodNotAllowed = defineError('request.method_not_allowed', {
  kind: 'methodNotAllowed',
  details: z.object({
    allowed: z
      .array(z.string())
      .max(10)
      .meta({ examples: [['GET', 'HEAD']] }),
  }),
  message: ({ allowed }) => `This address takes ${allowed.join(', ')}.`,
  remedy: 'Use one of the methods in `details.allowed`.',
});

export const BodyTooLarge = defineError('request.too_large', {
  kind: 'tooLarge',
  details: z.object({ maxBytes: z.int().meta({ examples: [262_144] }) }),
  message: ({ maxBytes }) => `A request body holds at most ${maxBytes} bytes.`,
  remedy: 'Send less at once.',
});

export const UnsupportedMediaType = defineError('request.unsupported_media_type', {
  kind: 'unsupportedMedia',
  details: none,
  message: 'Only application/json is taken here.',
  remedy: 'Send `Content-Type: application/json`.',
});

export const RateLimited = defineError('request.rate_limited', {
  kind: 'rateLimited',
  details: z.object({
    policy: z.string().meta({ examples: ['auth'] }),
    retryAfterSeconds: z.int().meta({ examples: [24] }),
  }),
  message: ({ retryAfterSeconds }) => `Too many calls. Try again in ${retryAfterSeconds} s.`,
  remedy: 'Wait for `Retry-After`, then go on at a lower rate.',
});

export const Unauthenticated = defineError('access.unauthenticated', {
  kind: 'unauthenticated',
  details: z.object({ reason: z.enum(['missing', 'invalid', 'expired', 'revoked']) }),
  message: ({ reason }) => (reason === 'missing' ? 'Sign in first.' : `The access token or API key is ${reason}.`),
  remedy:
    'Send `Authorization: Bearer <access token or API key>`; refresh or sign in again when a token is expired, make a new key when a key is.',
});

export const CredentialConflict = defineError('access.credential_conflict', {
  kind: 'validation',
  details: none,
  message: 'The request presents two different credentials.',
  remedy: 'Send `Authorization` or `X-API-Key`, or the same key in both.',
});

export const KeyInUrl = defineError('access.key_in_url', {
  kind: 'validation',
  details: none,
  message: 'An API key does not belong in an address.',
  remedy: 'Send it in a header, and rotate it: addresses are kept in histories and in the logs of proxies.',
});

export const SessionRequired = defineError('access.session_required', {
  kind: 'forbidden',
  details: none,
  message: 'An API key cannot do this.',
  remedy: 'Sign in: an API key acts inside its workspace alone, never for the account of whoever made it.',
});

export const ScopeMissing = defineError('access.scope_missing', {
  kind: 'forbidden',
  details: z.object({ permission: z.string().meta({ examples: ['billing:spend'] }) }),
  message: ({ permission }) => `This API key has no scope ${permission}.`,
  remedy: 'Use a key with this scope, or sign in: some permissions are given to no key.',
});

export const Forbidden = defineError('access.forbidden', {
  kind: 'forbidden',
  details: none,
  message: 'You may not do this here.',
  remedy: 'Ask an admin of the workspace for a role that may. A workspace that does not exist answers the same.',
});

export const TenantRequired = defineError('access.workspace_required', {
  kind: 'validation',
  details: none,
  message: 'Say which workspace is meant.',
  remedy: 'Give `workspaceId`, or the `X-Workspace-Id` header.',
});

export const TenantConflict = defineError('access.workspace_conflict', {
  kind: 'validation',
  details: none,
  message: 'The request names two different workspaces.',
  remedy: 'Name one workspace, in one place.',
});

export const IdempotencyMismatch = defineError('idempotency.mismatch', {
  kind: 'unprocessable',
  details: z.object({ idempotencyKey: IdempotencyKey }),
  message: 'This idempotency key was used with other arguments.',
  remedy: 'Use a new key for a new call; repeat a key only with the same arguments.',
});

export const IdempotencyInProgress = defineError('idempotency.in_progress', {
  kind: 'conflict',
  details: z.object({ retryAfterSeconds: z.int().meta({ examples: [1] }) }),
  message: 'The first call under this idempotency key has not ended yet.',
  remedy: 'Send the same call under the same key again after `Retry-After`: it gets the answer of the first.',
});

export const InternalError = defineError('server.internal', {
  kind: 'internal',
  details: none,
  message: 'Something failed on our side.',
  remedy: 'Report the request id. Repeat a change only under its idempotency key.',
});

export const Unavailable = defineError('server.unavailable', {
  kind: 'unavailable',
  details: z.object({ retryAfterSeconds: z.int().meta({ examples: [2] }) }),
  message: 'The service is busy.',
  remedy: 'Try again after `Retry-After`.',
});

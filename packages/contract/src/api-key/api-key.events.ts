import { z } from 'zod';
import { defineEvent } from '../events/index.ts';

const onApiKey = { version: 1, aggregateType: 'api_key' } as const;
const aKey = { name: 'Nightly sync', last4: 'p0Xz' };

export const ApiKeyCreated = defineEvent('api_key.created', {
  ...onApiKey,
  payload: z.object({
    ...{ name: z.string(), last4: z.string() },
    ...{ scopes: z.array(z.string()), expiresAt: z.string().nullable() },
  }),
  summary: 'An API key was made, with the permissions in `scopes`.',
  example: { ...aKey, scopes: ['billing:read', 'workspace:read'], expiresAt: '2027-01-15T09:30:00.000Z' },
});
export const ApiKeyRotated = defineEvent('api_key.rotated', {
  ...onApiKey,
  payload: z.object({
    ...{ name: z.string(), last4: z.string() },
    ...{ expiresAt: z.string().nullable(), graceEndsAt: z.string().nullable() },
  }),
  summary: 'An API key has a new secret; until `graceEndsAt` the one of before is taken, too.',
  example: { ...aKey, expiresAt: null, graceEndsAt: '2026-01-16T09:30:00.000Z' },
});
export const ApiKeyRevoked = defineEvent('api_key.revoked', {
  ...onApiKey,
  payload: z.object({ name: z.string(), last4: z.string() }),
  summary: 'An API key was revoked; it is good for nothing from then on.',
  example: aKey,
});

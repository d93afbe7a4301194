import { z } from 'zod';
import { defineError } from '../errors/index.ts';

const none = z.object({});

export const ApiKeyNotFound = defineError('api_key.not_found', {
  kind: 'notFound',
  details: none,
  message: 'There is no such API key.',
  remedy: 'List the API keys of the workspace.',
});

export const ApiKeyScopeTooWide = defineError('api_key.scope_too_wide', {
  kind: 'forbidden',
  details: z.object({
    missing: z
      .array(z.string())
      .max(100)
      .meta({ examples: [['billing:manage']] }),
  }),
  message: ({ missing }) => `Your role does not hold ${missing.join(', ')}.`,
  remedy: 'Give the key what you may do yourself, or have somebody with a higher role make it.',
});

export const ApiKeyExpiryInThePast = defineError('api_key.expiry_in_the_past', {
  kind: 'validation',
  details: none,
  message: 'An API key expires later than now.',
  remedy: 'Give an `expiresAt` in the future, or none.',
});

export const ApiKeyNotActive = defineError('api_key.not_active', {
  kind: 'conflict',
  details: none,
  message: 'This API key is revoked or expired.',
  remedy: 'Make a new key.',
});

export const ApiKeyOfAnother = defineError('api_key.of_another', {
  kind: 'forbidden',
  details: none,
  message: 'Only whoever made an API key may rotate it.',
  remedy: 'A key acts in the name of whoever made it. Revoke it and make one of your own.',
});

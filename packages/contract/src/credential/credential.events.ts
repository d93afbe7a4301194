import { z } from 'zod';
import { defineEvent } from '../events/index.ts';

const onCredential = {
  version: 1,
  aggregateType: 'credential',
  payload: z.object({ providerName: z.string(), maskedKey: z.string() }),
  example: { providerName: 'hunter', maskedKey: '••••e24d' },
} as const;

export const CredentialStored = defineEvent('credential.stored', {
  ...onCredential,
  summary: 'A key of a data provider was stored; the key itself is never told.',
});
export const CredentialRotated = defineEvent('credential.rotated', {
  ...onCredential,
  summary: 'A stored key was replaced; `maskedKey` is the mask of the new one.',
});
export const CredentialDeleted = defineEvent('credential.deleted', {
  ...onCredential,
  summary: 'A stored key was deleted.',
});

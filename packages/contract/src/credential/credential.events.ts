import { z } from 'zod';
import { defineEvent } from '../events/index.ts';

const onCredential = {
  version: 1,
  aggregateType: 'credential',
  payload: z.object({ providerName: z.string(), maskedKey: z.string() }),
} as const;

export const CredentialStored = defineEvent('credential.stored', onCredential);
export const CredentialRotated = defineEvent('credential.rotated', onCredential);
export const CredentialDeleted = defineEvent('credential.deleted', onCredential);

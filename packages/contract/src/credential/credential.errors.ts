import { z } from 'zod';
import { defineError } from '../errors/index.ts';

export const CredentialNotFound = defineError('credential.not_found', {
  kind: 'notFound',
  details: z.object({}),
  message: 'There is no such credential.',
  remedy: 'List the credentials of the workspace.',
});

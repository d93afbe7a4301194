import { z } from 'zod';
import { defineError } from '../errors/index.ts';

export const DeadLetterNotFound = defineError('events.dead_letter_not_found', {
  kind: 'notFound',
  details: z.object({}),
  message: 'There is no such dead letter.',
  remedy: 'List the dead letters of the workspace; it may have been taken up meanwhile.',
});

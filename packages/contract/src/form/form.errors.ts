import { z } from 'zod';
import { defineError } from '../errors/index.ts';

export const FormNotFound = defineError('form.not_found', {
  kind: 'notFound',
  details: z.object({}),
  message: 'There is no such form.',
  remedy: 'List the forms of the workspace.',
});

export const SubmissionNotFound = defineError('form.submission_not_found', {
  kind: 'notFound',
  details: z.object({}),
  message: 'There is no such submission.',
  remedy: 'List the submissions of the workspace.',
});

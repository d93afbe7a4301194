import { z } from 'zod';
import { defineEvent } from '../events/index.ts';
import { FieldValue, FormField } from './form.schema.ts';

const onForm = { version: 1, aggregateType: 'form' } as const;
const onSubmission = { version: 1, aggregateType: 'form_submission' } as const;

const settings = z.object({
  name: z.string(),
  allowedOrigins: z.array(z.string()),
  honeypot: z.string().nullable(),
  fields: z.array(FormField),
  active: z.boolean(),
});
const settingsExample = {
  name: 'Request a demo',
  allowedOrigins: ['https://www.example.com'],
  honeypot: 'website',
  fields: [{ from: 'your-email', to: 'email', type: 'email' as const, required: true }],
  active: true,
};
export const FormCreated = defineEvent('form.created', {
  ...onForm,
  summary: 'A form was set up.',
  payload: settings,
  example: settingsExample,
});
export const FormUpdated = defineEvent('form.updated', {
  ...onForm,
  summary: 'The settings of a form were changed; the payload holds them as they are now.',
  payload: settings,
  example: { ...settingsExample, active: false },
});
export const FormKeyRotated = defineEvent('form.key_rotated', {
  ...onForm,
  summary: 'A form has a new key; the one of before is good for nothing.',
  payload: z.object({ keyPrefix: z.string() }),
  example: { keyPrefix: 'mf_3kV9' },
});
export const FormDeleted = defineEvent('form.deleted', {
  ...onForm,
  summary: 'A form was deleted with everything that was sent to it.',
  payload: z.object({ name: z.string() }),
  example: { name: 'Request a demo' },
});

const ofForm = z.object({ formId: z.string() });
const ofFormExample = { formId: '019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40' };

export const SubmissionReceived = defineEvent('form.submission_received', {
  ...onSubmission,
  summary: 'Something was sent to a form and waits to be read: once when it comes in, and once for each replay.',
  payload: ofForm,
  example: ofFormExample,
});
export const SubmissionAccepted = defineEvent('form.submission_accepted', {
  ...onSubmission,
  summary: 'What was sent to a form was read by its field map; after a replay it is told again.',
  payload: ofForm.extend({ fields: z.record(z.string(), FieldValue) }),
  example: { ...ofFormExample, fields: { email: 'ada@example.com', seats: 12 } },
});
export const SubmissionRejected = defineEvent('form.submission_rejected', {
  ...onSubmission,
  summary: 'What was sent to a form is not valid, is spam, or came from a page that is not on its list.',
  payload: ofForm.extend({ state: z.enum(['invalid', 'spam', 'refused']) }),
  example: { ...ofFormExample, state: 'invalid' },
});
export const SubmissionDeleted = defineEvent('form.submission_deleted', {
  ...onSubmission,
  summary: 'What was sent to a form was deleted.',
  payload: ofForm,
  example: ofFormExample,
});

import { z } from 'zod';
import { Id, line, PageInput, pageOf } from '../primitives/index.ts';

const MAX_FIELDS = 50;
const MAX_ORIGINS = 20;

const Origin = z
  .string()
  .max(300)
  .refine(
    (value) => URL.canParse(value) && new URL(value).origin === value,
    'must be an origin like https://example.com',
  )
  .meta({ examples: ['https://www.example.com'] });

export const FieldType = z.enum(['text', 'email', 'phone', 'url', 'number', 'boolean', 'date']);
export type FieldType = z.infer<typeof FieldType>;

/** One line of the field map: what stands under `from` in the form becomes `to`. */
export const FormField = z.object({
  from: line(100).meta({ examples: ['your-email'] }),
  to: z
    .string()
    .regex(/^[a-z][A-Za-z0-9_]{0,59}$/, 'must begin with a small letter and hold letters, digits and _ alone')
    .meta({ examples: ['email'] }),
  type: FieldType,
  required: z.boolean(),
});
export type FormField = z.infer<typeof FormField>;

/** A text that may be missing, where nothing else is said. */
const GivenField = FormField.extend({ type: FieldType.default('text'), required: z.boolean().default(false) });

const name = line(120).meta({ examples: ['Request a demo'] });
/** Pages that may send it; none: any page and any server. */
const allowedOrigins = z.array(Origin).max(MAX_ORIGINS);
/** A field no person sees: whoever fills it in is a machine. */
const honeypot = line(100).nullable();
/** None: every plain value of the form is taken over under its own name. */
const fields = z
  .array(GivenField)
  .max(MAX_FIELDS)
  .refine((list) => new Set(list.map(({ to }) => to)).size === list.length, 'must name each target once');

export const Form = z.object({
  id: Id,
  workspaceId: Id,
  name: z.string().meta({ examples: ['Request a demo'] }),
  /** All that is shown of the key after it was made. */
  keyPrefix: z.string().meta({ examples: ['mf_3kV9'] }),
  allowedOrigins: z.array(z.string()).max(MAX_ORIGINS),
  honeypot: z.string().nullable(),
  fields: z.array(FormField).max(MAX_FIELDS),
  active: z.boolean(),
  createdBy: Id,
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type Form = z.infer<typeof Form>;

/** `key` is shown this once; forms are sent to `path`. Null when the answer is repeated for an idempotency key. */
export const FormWithKey = z.object({
  form: Form,
  key: z
    .string()
    .nullable()
    .meta({ examples: ['mf_3kV9dW0pQ2sXn4bT7yLcZ8uHaJ1gRf5oEi6mKvBqNxP'] }),
  path: z
    .string()
    .nullable()
    .meta({ examples: ['/hooks/forms/mf_3kV9dW0pQ2sXn4bT7yLcZ8uHaJ1gRf5oEi6mKvBqNxP'] }),
});
export type FormWithKey = z.infer<typeof FormWithKey>;

export const CreateFormInput = z.object({
  name,
  allowedOrigins: allowedOrigins.default([]),
  honeypot: honeypot.default(null),
  fields: fields.default([]),
});
export type CreateFormInput = z.infer<typeof CreateFormInput>;

/** What is left out stays. */
export const UpdateFormInput = z.object({
  formId: Id,
  name: name.optional(),
  allowedOrigins: allowedOrigins.optional(),
  honeypot: honeypot.optional(),
  fields: fields.optional(),
  active: z.boolean().optional(),
});
export type UpdateFormInput = z.infer<typeof UpdateFormInput>;

export const FormInput = z.object({ formId: Id });
export type FormInput = z.infer<typeof FormInput>;
export const ListFormsInput = PageInput;
export const FormPage = pageOf(Form);

/**
 * `received`: stored and not read yet. `accepted`: mapped. `invalid`: a field is missing or wrong, or it cannot be read. `spam`: the
 * honeypot was filled in. `refused`: it came from a page that is not on the list.
 */
export const SubmissionState = z.enum(['received', 'accepted', 'invalid', 'spam', 'refused']);
export type SubmissionState = z.infer<typeof SubmissionState>;

export const FieldValue = z.union([z.string(), z.number(), z.boolean()]);
export type FieldValue = z.infer<typeof FieldValue>;

const submission = {
  id: Id,
  workspaceId: Id,
  formId: Id,
  state: SubmissionState,
  origin: z
    .string()
    .nullable()
    .meta({ examples: ['https://www.example.com'] }),
  fields: z.record(z.string(), FieldValue).nullable(),
  problems: z.array(z.object({ field: z.string(), problem: z.string() })).max(2 * MAX_FIELDS),
  receivedAt: z.date(),
  settledAt: z.date().nullable(),
};

export const Submission = z.object(submission);
export type Submission = z.infer<typeof Submission>;

/** With the body as it came, read as UTF-8. */
export const SubmissionWithBody = z.object({
  ...submission,
  contentType: z.string().nullable(),
  userAgent: z.string().nullable(),
  body: z.string().meta({ examples: ['your-email=ada%40example.com'] }),
});
export type SubmissionWithBody = z.infer<typeof SubmissionWithBody>;

export const ListSubmissionsInput = z
  .object({ ...PageInput.unwrap().shape, formId: Id.optional(), state: SubmissionState.optional() })
  .prefault({});
export type ListSubmissionsInput = z.infer<typeof ListSubmissionsInput>;
export const SubmissionPage = pageOf(Submission);

export const SubmissionInput = z.object({ submissionId: Id });
export type SubmissionInput = z.infer<typeof SubmissionInput>;

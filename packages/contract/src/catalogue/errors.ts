import * as apiKey from '../api-key/api-key.errors.ts';
import * as auth from '../auth/auth.errors.ts';
import * as billing from '../billing/billing.errors.ts';
import * as credential from '../credential/credential.errors.ts';
import * as platform from '../errors/platform.errors.ts';
import * as deadLetter from '../events/dead-letter.errors.ts';
import * as form from '../form/form.errors.ts';
import * as job from '../job/job.errors.ts';
import * as plan from '../plan/plan.errors.ts';
import * as realtime from '../realtime/realtime.errors.ts';
import * as webhook from '../webhook/webhook.errors.ts';
import * as workspace from '../workspace/workspace.errors.ts';

/** Every failure the API can answer with, by domain: the source of the error reference and of the client's types. */
export const ERRORS = [
  ...Object.values(platform),
  ...Object.values(auth),
  ...Object.values(workspace),
  ...Object.values(apiKey),
  ...Object.values(credential),
  ...Object.values(billing),
  ...Object.values(realtime),
  ...Object.values(job),
  ...Object.values(form),
  ...Object.values(plan),
  ...Object.values(webhook),
  ...Object.values(deadLetter),
] as const;

export type ErrorCode = (typeof ERRORS)[number]['code'];

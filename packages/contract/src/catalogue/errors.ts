import * as auth from '../auth/auth.errors.ts';
import * as billing from '../billing/billing.errors.ts';
import * as credential from '../credential/credential.errors.ts';
import * as platform from '../errors/platform.errors.ts';
import * as workspace from '../workspace/workspace.errors.ts';

/** Every failure the API can answer with, by domain: the source of the error reference and of the client's types. */
export const ERRORS = [
  ...Object.values(platform),
  ...Object.values(auth),
  ...Object.values(workspace),
  ...Object.values(credential),
  ...Object.values(billing),
] as const;

export type ErrorCode = (typeof ERRORS)[number]['code'];

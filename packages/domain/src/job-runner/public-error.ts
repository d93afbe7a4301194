import { DomainError, InternalError } from '@morket/contract/errors';
import { JobInterrupted, JobTimedOut } from '@morket/contract/job';

/** What a workspace may read of a failure. */
export type PublicError = { readonly code: string; readonly message: string };

const toPublic = ({ code, message }: DomainError): PublicError => ({ code, message });

/** The text of the catalogue; of anything else only that something failed, because a library may say anything, secrets included. */
export function publicErrorOf(err: unknown): PublicError {
  const known = err instanceof Error && err.cause instanceof DomainError ? err.cause : err;
  return toPublic(known instanceof DomainError ? known : InternalError({}));
}

const isPublic = (value: unknown): value is PublicError =>
  typeof value === 'object' && value !== null && 'code' in value && 'message' in value;

/** What is kept with a dead letter: our own words, or those of pg-boss for attempts that no worker ended. */
export function errorOfDeadLetter(output: unknown, timeoutSeconds: number | undefined): PublicError {
  if (isPublic(output)) return { code: String(output.code), message: String(output.message) };
  // Of a kind that this worker does not know, nobody knows the time it may take.
  const isMissed = timeoutSeconds === undefined || JSON.stringify(output ?? '').includes('heartbeat');
  return toPublic(isMissed ? JobInterrupted({}) : JobTimedOut({ timeoutSeconds }));
}

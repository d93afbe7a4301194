import type { DomainError } from '@morket/contract/errors';

/** The seconds for `Retry-After`; null where waiting is no remedy. */
export function retryAfterOf({ details }: DomainError): number | null {
  const { retryAfterSeconds } = details;
  return typeof retryAfterSeconds === 'number' ? retryAfterSeconds : null;
}

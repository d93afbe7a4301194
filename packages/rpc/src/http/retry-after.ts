import { type DomainError, RateLimited, Unavailable } from '@morket/contract/errors';

/** The seconds for `Retry-After`; null where waiting is no remedy. */
export function retryAfterOf(failure: DomainError): number | null {
  return RateLimited.is(failure) || Unavailable.is(failure) ? failure.details.retryAfterSeconds : null;
}

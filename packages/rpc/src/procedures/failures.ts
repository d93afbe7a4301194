import {
  type ErrorDefinition,
  Forbidden,
  InternalError,
  InvalidInput,
  MalformedRequest,
  RateLimited,
  TenantConflict,
  TenantRequired,
  Unauthenticated,
  Unavailable,
} from '@morket/contract/errors';
import { domainErrorOf, toTrpcError } from '../errors.ts';
import type { Access, Meta } from '../meta.ts';
import { t } from '../trpc.ts';

const ALWAYS = [InvalidInput, MalformedRequest, RateLimited, InternalError, Unavailable] as const;
const BY_ACCESS: Readonly<Record<Access['kind'], readonly ErrorDefinition[]>> = {
  public: [],
  user: [Unauthenticated],
  workspace: [Unauthenticated, Forbidden, TenantRequired, TenantConflict],
};

/** Every failure a procedure can answer with: its own, those of its access, and those of any call. */
export function errorsOf(meta: Meta): readonly ErrorDefinition[] {
  return [...(meta.errors ?? []), ...(meta.access ? BY_ACCESS[meta.access.kind] : []), ...ALWAYS];
}

/**
 * Puts every failure into the words of the catalogue. `next()` does not throw in tRPC 11: a failure is a value, so it is mapped on
 * the result. What nobody foresaw, or nobody declared, is logged here, once.
 */
export const mapFailures = t.middleware(async ({ ctx, path, meta, next }) => {
  const result = await next();
  if (result.ok) return result;
  const failure = domainErrorOf(result.error);
  if (InternalError.is(failure)) ctx.log.error({ err: failure.cause ?? failure, path }, 'unexpected failure');
  else if (!errorsOf(meta ?? {}).some((definition) => definition.code === failure.code)) {
    ctx.log.error({ err: failure, path }, `undeclared failure ${failure.code}`);
  }
  throw toTrpcError(failure);
});

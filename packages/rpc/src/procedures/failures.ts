import {
  CredentialConflict,
  type ErrorDefinition,
  Forbidden,
  IdempotencyInProgress,
  IdempotencyMismatch,
  InternalError,
  InvalidInput,
  MalformedRequest,
  RateLimited,
  ScopeMissing,
  SessionRequired,
  TenantConflict,
  TenantRequired,
  Unauthenticated,
  Unavailable,
} from '@morket/contract/errors';
import { FeatureRequired, LimitReached } from '@morket/contract/plan';
import { domainErrorOf, toTrpcError } from '../errors.ts';
import type { Access, Meta } from '../meta.ts';
import { t } from '../trpc.ts';

const ALWAYS = [InvalidInput, MalformedRequest, RateLimited, InternalError, Unavailable] as const;
const BY_ACCESS: Readonly<Record<Access['kind'], readonly ErrorDefinition[]>> = {
  public: [],
  user: [Unauthenticated, CredentialConflict, SessionRequired],
  workspace: [Unauthenticated, CredentialConflict, Forbidden, ScopeMissing, TenantRequired, TenantConflict],
};

const OF_KEY = [IdempotencyInProgress, IdempotencyMismatch] as const;

/** What the plan of the workspace may stand in the way of. */
const ofPlan = (access: Access | undefined): readonly ErrorDefinition[] =>
  access?.kind === 'workspace'
    ? [...(access.feature ? [FeatureRequired] : []), ...(access.limit ? [LimitReached] : [])]
    : [];

/** Whether a call under an idempotency key takes effect once: every mutation that knows who calls keeps its answer. */
export const keepsAnswer = (type: string, { access }: Meta): boolean =>
  type === 'mutation' && access !== undefined && access.kind !== 'public';

/** Every failure a procedure can answer with: its own, those of its access and of an idempotency key, and those of any call. */
export function errorsOf(type: string, meta: Meta): readonly ErrorDefinition[] {
  const ofAccess = meta.access ? [...ofPlan(meta.access), ...BY_ACCESS[meta.access.kind]] : [];
  return [...(meta.errors ?? []), ...(keepsAnswer(type, meta) ? OF_KEY : []), ...ofAccess, ...ALWAYS];
}

/**
 * Puts every failure into the words of the catalogue. `next()` does not throw in tRPC 11: a failure is a value, so it is mapped on
 * the result. What nobody foresaw, or nobody declared, is logged here, once.
 */
export const mapFailures = t.middleware(async ({ ctx, path, type, meta, next }) => {
  const result = await next();
  if (result.ok) return result;
  const failure = domainErrorOf(result.error);
  if (InternalError.is(failure)) ctx.log.error({ err: failure.cause ?? failure, path }, 'unexpected failure');
  else if (!errorsOf(type, meta ?? {}).some((definition) => definition.code === failure.code)) {
    ctx.log.error({ err: failure, path }, `undeclared failure ${failure.code}`);
  }
  throw toTrpcError(failure);
});

import { type DomainError, ERROR_KINDS, MethodNotAllowed, Unauthenticated } from '@morket/contract/errors';
import type { Page } from '@morket/contract/primitives';
import { retryAfterOf } from '@morket/rpc/http';
import type { Operation } from './operation.ts';

type PageMeta = { readonly page: number; readonly limit: number; readonly total: number };

export type SuccessEnvelope = {
  readonly success: true;
  readonly data: unknown;
  readonly error: null;
  readonly meta?: PageMeta;
};

export type FailureEnvelope = {
  readonly success: false;
  readonly data: null;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details: Readonly<Record<string, unknown>>;
    readonly requestId: string;
  };
};

/** A result in its envelope: a page is taken apart into items and meta. */
export function successEnvelope({ isPage }: Pick<Operation, 'isPage'>, result: unknown): SuccessEnvelope {
  if (!isPage) return { success: true, data: result, error: null };
  const { items, page, limit, total } = result as Page<unknown>; // tRPC has validated it against the output schema
  return { success: true, data: items, error: null, meta: { page, limit, total } };
}

export function failureEnvelope({ code, message, details }: DomainError, requestId: string): FailureEnvelope {
  return { success: false, data: null, error: { code, message, details, requestId } };
}

/** The challenge that RFC 9110 asks of a 401; RFC 6750 wants `error` only where a token was sent. */
function challengeOf(failure: DomainError): string {
  const sentToken = Unauthenticated.is(failure) && failure.details.reason !== 'missing';
  return sentToken ? 'Bearer error="invalid_token"' : 'Bearer';
}

export const failureStatus = (failure: DomainError): number => ERROR_KINDS[failure.kind].status;

/** The headers that go with a failure, by lower-case name. */
export function failureHeaders(failure: DomainError): Record<string, string> {
  const retryAfter = retryAfterOf(failure);
  return {
    'cache-control': 'no-store',
    ...(retryAfter === null ? {} : { 'retry-after': String(retryAfter) }),
    ...(failure.kind === 'unauthenticated' ? { 'www-authenticate': challengeOf(failure) } : {}),
    ...(MethodNotAllowed.is(failure) ? { allow: failure.details.allowed.join(', ') } : {}),
  };
}

export { DomainError, defineError, type ErrorDefinition } from './define-error.ts';
export { ERROR_KINDS, type ErrorKind } from './error-kinds.ts';
export {
  BatchTooLarge,
  BodyTooLarge,
  CredentialConflict,
  Forbidden,
  IdempotencyInProgress,
  IdempotencyMismatch,
  InternalError,
  InvalidInput,
  KeyInUrl,
  MalformedRequest,
  MethodNotAllowed,
  RateLimited,
  RouteNotFound,
  ScopeMissing,
  SessionRequired,
  TenantConflict,
  TenantRequired,
  Unauthenticated,
  Unavailable,
  UnsupportedMediaType,
} from './platform.errors.ts';

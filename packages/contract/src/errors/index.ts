export { DomainError, defineError, type ErrorDefinition } from './define-error.ts';
export { ERROR_KINDS, type ErrorKind } from './error-kinds.ts';
export {
  BatchTooLarge,
  BodyTooLarge,
  Forbidden,
  IdempotencyMismatch,
  InternalError,
  InvalidInput,
  MalformedRequest,
  MethodNotAllowed,
  RateLimited,
  RouteNotFound,
  TenantConflict,
  TenantRequired,
  Unauthenticated,
  Unavailable,
  UnsupportedMediaType,
} from './platform.errors.ts';

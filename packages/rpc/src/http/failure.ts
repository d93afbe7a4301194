import {
  BodyTooLarge,
  type DomainError,
  InternalError,
  MalformedRequest,
  Unavailable,
  UnsupportedMediaType,
} from '@morket/contract/errors';
import { domainErrorOf } from '../errors.ts';

/** The largest request body; imports have a route of their own. */
export const BODY_LIMIT_BYTES = 256 * 1024;

/** Codes by which Fastify refuses a request before a handler runs. */
const BY_FASTIFY_CODE: Readonly<Record<string, (err: unknown) => DomainError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: (err) => BodyTooLarge({ maxBytes: BODY_LIMIT_BYTES }, err),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: (err) => UnsupportedMediaType({}, err),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: (err) =>
    MalformedRequest({ reason: 'its length is not the one it announces' }, err),
  // The caller went away in the middle of its body; nobody reads this answer, but the log should not call it our fault.
  ECONNRESET: (err) => MalformedRequest({ reason: 'it was broken off' }, err),
  FST_ERR_BAD_URL: (err) => MalformedRequest({ reason: 'its path is not valid' }, err),
  FST_ERR_HANDLER_TIMEOUT: (err) => Unavailable({ retryAfterSeconds: 1 }, err),
  FST_ERR_MAX_PARAM_LENGTH: (err) => MalformedRequest({ reason: 'a part of its path is too long' }, err),
};

/** The failure of the catalogue for anything that can be thrown while a request is served. */
export function failureOf(err: unknown): DomainError {
  const failure = domainErrorOf(err);
  if (!InternalError.is(failure)) return failure;
  const code = typeof err === 'object' && err !== null && 'code' in err ? String(err.code) : '';
  return BY_FASTIFY_CODE[code]?.(err) ?? failure;
}

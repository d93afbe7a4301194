import {
  DomainError,
  ERROR_KINDS,
  InternalError,
  InvalidInput,
  MalformedRequest,
  MethodNotAllowed,
  RouteNotFound,
  UnsupportedMediaType,
} from '@morket/contract/errors';
import { TRPCError } from '@trpc/server';
import { z } from 'zod';

const MAX_ISSUES = 20;
const MAX_ISSUE_LENGTH = 200;

/** A key that nobody knows may be a secret in the wrong place: it is not repeated. */
const messageOf = ({ code, message }: z.core.$ZodIssue): string =>
  code === 'unrecognized_keys' ? 'holds a key that is not known' : message.slice(0, MAX_ISSUE_LENGTH);

/** zod's issues as details, cut to twenty: two hundred thousand wrong items would make an answer of megabytes. */
export function invalidInput(error: z.ZodError): DomainError {
  const issues = error.issues.slice(0, MAX_ISSUES).map((issue) => ({
    path: issue.path.map(String).join('.').slice(0, MAX_ISSUE_LENGTH),
    message: messageOf(issue),
  }));
  return InvalidInput({ issues, omittedIssues: error.issues.length - issues.length }, error);
}

/** tRPC gives a cause only to what its parsers throw; another error's cause is a fault of ours. */
const isUnreadable = ({ cause }: TRPCError): boolean => cause === undefined || cause instanceof SyntaxError;

/** What tRPC itself refuses, in the words of our catalogue. */
function fromTrpc(error: TRPCError): DomainError {
  switch (error.code) {
    case 'NOT_FOUND':
      return RouteNotFound({}, error);
    case 'METHOD_NOT_SUPPORTED':
      // tRPC knows two methods: the one that was refused, and the one that is meant.
      return MethodNotAllowed({ allowed: [error.message.includes('POST-request') ? 'GET' : 'POST'] }, error);
    case 'BAD_REQUEST':
      if (error.cause instanceof z.ZodError) return invalidInput(error.cause);
      return isUnreadable(error)
        ? MalformedRequest({ reason: 'it is not a call of a procedure' }, error)
        : InternalError({}, error);
    case 'PARSE_ERROR':
      return MalformedRequest({ reason: 'it is not valid JSON' }, error);
    case 'UNSUPPORTED_MEDIA_TYPE':
      return error.cause === undefined ? UnsupportedMediaType({}, error) : InternalError({}, error);
    default:
      return InternalError({}, error);
  }
}

/** The failure of the catalogue that an error stands for; whatever nobody foresaw is `server.internal`. */
export function domainErrorOf(err: unknown): DomainError {
  if (err instanceof DomainError) return err;
  if (!(err instanceof TRPCError)) return InternalError({}, err);
  return err.cause instanceof DomainError ? err.cause : fromTrpc(err);
}

/** A failure as tRPC carries it; code and status come from the table of kinds. */
export const toTrpcError = (cause: DomainError): TRPCError =>
  new TRPCError({ code: ERROR_KINDS[cause.kind].trpc, message: cause.message, cause });

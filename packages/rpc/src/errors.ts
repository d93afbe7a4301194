import {
  DomainError,
  ERROR_KINDS,
  InternalError,
  InvalidInput,
  MethodNotAllowed,
  RouteNotFound,
} from '@morket/contract/errors';
import { TRPCError } from '@trpc/server';
import { z } from 'zod';

const MAX_ISSUES = 20;
const MAX_ISSUE_LENGTH = 200;

/** zod's issues as details, cut to twenty: two hundred thousand wrong items would make an answer of megabytes. */
export function invalidInput(error: z.ZodError): DomainError {
  const issues = error.issues.slice(0, MAX_ISSUES).map(({ path, message }) => ({
    path: path.map(String).join('.').slice(0, MAX_ISSUE_LENGTH),
    message: message.slice(0, MAX_ISSUE_LENGTH),
  }));
  return InvalidInput({ issues, omittedIssues: error.issues.length - issues.length }, error);
}

/** What tRPC itself refuses, in the words of our catalogue. */
function fromTrpc(error: TRPCError): DomainError {
  switch (error.code) {
    case 'NOT_FOUND':
      return RouteNotFound({}, error);
    case 'METHOD_NOT_SUPPORTED':
      // tRPC knows two methods: the one that was refused, and the one that is meant.
      return MethodNotAllowed({ allowed: [error.message.includes('POST-request') ? 'GET' : 'POST'] }, error);
    case 'BAD_REQUEST':
      return error.cause instanceof z.ZodError ? invalidInput(error.cause) : InternalError({}, error);
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

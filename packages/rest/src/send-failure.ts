import { InternalError } from '@morket/contract/errors';
import { failureOf } from '@morket/rpc/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { failureEnvelope, failureHeaders, failureStatus } from './envelope.ts';

/** Answers with a failure in the envelope. Logs nothing: failures of procedures are logged where they happen. */
export function sendFailure(err: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const failure = failureOf(err);
  return reply.code(failureStatus(failure)).headers(failureHeaders(failure)).send(failureEnvelope(failure, request.id));
}

/**
 * The same for what fails outside of procedures; what nobody foresaw is logged. Fits `setErrorHandler` and Fastify's `frameworkErrors`,
 * which alone sees a URL that cannot be decoded.
 */
export function handleError(err: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (InternalError.is(failureOf(err))) request.log.error({ err, path: request.url }, 'unexpected failure');
  return sendFailure(err, request, reply);
}

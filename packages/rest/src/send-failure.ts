import { InternalError } from '@morket/contract/errors';
import { failureOf } from '@morket/rpc/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { failureEnvelope, failureHeaders, failureStatus } from './envelope.ts';

/** Answers with a failure in the envelope. Logs nothing: failures of procedures are logged where they happen. */
export function sendFailure(err: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const failure = failureOf(err);
  // The app's hooks set the id, but they do not run for what fails before there is a route.
  const headers = { ...failureHeaders(failure), 'x-request-id': request.id };
  return reply.code(failureStatus(failure)).headers(headers).send(failureEnvelope(failure, request.id));
}

/**
 * The same for what fails outside of procedures; what nobody foresaw is logged. Fits `setErrorHandler` and Fastify's `frameworkErrors`,
 * which alone sees a URL that cannot be decoded.
 */
export function handleError(err: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  // The query stays out of the log: secrets may have been put there by mistake.
  const path = request.url.split('?', 1)[0];
  if (InternalError.is(failureOf(err))) request.log.error({ err, path }, 'unexpected failure');
  return sendFailure(err, request, reply);
}

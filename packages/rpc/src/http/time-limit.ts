import { Unavailable } from '@morket/contract/errors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const TIMED_OUT = Symbol('timed out');
type Timed = FastifyRequest & { [TIMED_OUT]?: true };

/** Whether the handler of a request took too long. */
export function isTimedOut({ raw, request }: FastifyReply): boolean {
  if ((request as Timed)[TIMED_OUT]) return true;
  // The signal is asked last: it may have to be made.
  return (raw.statusCode >= 500 || !raw.writableFinished) && request.signal.reason?.code === 'FST_ERR_HANDLER_TIMEOUT';
}

/** Answers with `server.unavailable`, or breaks an answer off that has begun. */
function end(request: Timed, reply: FastifyReply): void {
  if (reply.sent) return;
  request[TIMED_OUT] = true;
  if (reply.raw.headersSent) reply.raw.destroy();
  else void reply.send(Unavailable({ retryAfterSeconds: 1 }));
}

/**
 * Makes Fastify's `handlerTimeout` hold for requests with a body: Fastify takes the end of the body for the end of the request, and
 * forgets its timer there. Requests without one are left to Fastify, and with them all subscriptions.
 */
export function limitHandlers(app: FastifyInstance): void {
  app.addHook('preHandler', (request, reply, done) => {
    const limitMs = request.routeOptions.handlerTimeout ?? 0;
    if (request.body !== undefined && limitMs > 0) {
      const timer = setTimeout(end, Math.max(1, limitMs - reply.elapsedTime), request, reply);
      reply.raw.once('close', () => clearTimeout(timer));
    }
    done();
  });
}

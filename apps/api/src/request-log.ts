import { addressOf, isTimedOut, seenOf } from '@morket/rpc/http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** The status that proxies log for it, too; no answer was sent. */
const CALLER_WENT_AWAY = 499;
/** The status of the answer that the caller would have had, had another not been on its way. */
const TOOK_TOO_LONG = 503;

/** Writes the line of one request. The path goes without its query, where secrets may have been put by mistake. */
export function logRequest(request: FastifyRequest, reply: FastifyReply, statusCode = reply.statusCode): void {
  const { userId, apiKeyId, workspaceId } = seenOf(request);
  const peer = request.socket.remoteAddress;
  const ip = addressOf(request);
  request.log.info(
    {
      method: request.method,
      path: request.url.split('?', 1)[0],
      statusCode,
      responseTime: Math.round(reply.elapsedTime * 100) / 100,
      ip,
      // Behind a proxy the two differ.
      ...(peer === ip ? {} : { peer }),
      ...(userId === undefined ? {} : { userId }),
      ...(apiKeyId === undefined ? {} : { apiKeyId }),
      ...(workspaceId === undefined ? {} : { workspaceId }),
    },
    'request',
  );
}

/** Calls back once nothing more comes of a request, with the status that stands for how it ended, also when the caller went away. */
export function onSettled(reply: FastifyReply, then: (status: number) => void): void {
  let isSent = false;
  reply.raw.once('finish', () => {
    isSent = true;
  });
  reply.raw.once('close', () => {
    if (isSent) then(reply.statusCode);
    else then(isTimedOut(reply) ? TOOK_TOO_LONG : CALLER_WENT_AWAY);
  });
}

/** One line for each request that reaches the hooks, also when the caller goes away before it is answered. */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    onSettled(reply, (status) => logRequest(request, reply, status));
    done();
  });
}

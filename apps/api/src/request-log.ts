import { addressOf, seenOf } from '@morket/rpc/http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Writes the line of one request. The path goes without its query, where secrets may have been put by mistake. */
export function logRequest(request: FastifyRequest, reply: FastifyReply): void {
  const { userId, workspaceId } = seenOf(request);
  const peer = request.socket.remoteAddress;
  const ip = addressOf(request);
  request.log.info(
    {
      method: request.method,
      path: request.url.split('?', 1)[0],
      statusCode: reply.statusCode,
      responseTime: Math.round(reply.elapsedTime * 100) / 100,
      ip,
      // Behind a proxy the two differ.
      ...(peer === ip ? {} : { peer }),
      ...(userId === undefined ? {} : { userId }),
      ...(workspaceId === undefined ? {} : { workspaceId }),
    },
    'request',
  );
}

/** One line for each request that reaches the hooks. */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => logRequest(request, reply));
}

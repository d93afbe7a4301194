import { seenOf } from '@morket/rpc/http';
import type { FastifyInstance } from 'fastify';

/** One line for each request. The path goes without its query, where secrets may have been put by mistake. */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const { userId, workspaceId } = seenOf(request);
    const peer = request.socket.remoteAddress;
    request.log.info(
      {
        method: request.method,
        path: request.url.split('?', 1)[0],
        statusCode: reply.statusCode,
        responseTime: Math.round(reply.elapsedTime * 100) / 100,
        ip: request.ip,
        // Behind a proxy the two differ.
        ...(peer === request.ip ? {} : { peer }),
        ...(userId === undefined ? {} : { userId }),
        ...(workspaceId === undefined ? {} : { workspaceId }),
      },
      'request',
    );
  });
}

import type { FastifyInstance } from 'fastify';

/**
 * Ends every connection as soon as the requests under way are answered. Otherwise a kept-alive one, or one opened in advance that
 * never sent anything, would hold the closing process until its own timeout.
 */
export function drainConnections(app: FastifyInstance): void {
  let underWay = 0;
  let closing = false;
  let onAnswered: () => void = () => undefined;

  // Injected requests have no connection and never pass here.
  app.server.on('request', (_request, response) => {
    underWay += 1;
    response.once('close', () => {
      underWay -= 1;
      if (underWay === 0) onAnswered();
    });
  });
  app.addHook('onSend', async (_request, reply) => {
    // So that the client does not send its next request into a connection about to end.
    if (closing) reply.header('connection', 'close');
  });
  app.addHook('preClose', async () => {
    closing = true;
    if (underWay > 0) await new Promise<void>((resolve) => (onAnswered = resolve));
    app.server.closeAllConnections();
  });
}

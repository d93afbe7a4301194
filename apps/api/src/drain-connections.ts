import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

const PATIENCE_MS = 15_000;

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
    if (underWay > 0) {
      const answered = new Promise<void>((resolve) => (onAnswered = resolve));
      // A body that trickles in must not hold the process past the point where it is killed, with its database running.
      await Promise.race([answered, delay(PATIENCE_MS, undefined, { ref: false })]);
    }
    app.server.closeAllConnections();
  });
}

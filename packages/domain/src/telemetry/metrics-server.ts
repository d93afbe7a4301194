import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bearsToken } from './metrics-access.ts';
import type { Exposition } from './prometheus.ts';

const REQUEST_TIMEOUT_MS = 10_000;

export type MetricsServer = {
  readonly port: number;
  close(): Promise<void>;
};

/**
 * Serves `GET /metrics` on a port of its own, which no load balancer knows; everything else is 404, and so is a wrong token where one is
 * wanted. `port` 0 takes any. Rejects when the port is taken.
 */
export async function startMetricsServer(options: {
  readonly port: number;
  readonly host: string;
  readonly token?: string | undefined;
  readonly expose: () => Promise<Exposition>;
  readonly onFailure: (err: unknown) => void;
}): Promise<MetricsServer> {
  const { port, host, token, expose, onFailure } = options;

  async function answer({ method, url, headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    const isAllowed = token === undefined || bearsToken(headers.authorization, token);
    if (method !== 'GET' || url?.split('?', 1)[0] !== '/metrics' || !isAllowed) {
      response.writeHead(404).end();
      return;
    }
    const { contentType, text } = await expose();
    response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' }).end(text);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((err: unknown) => {
      onFailure(err);
      response.writeHead(500).end();
    });
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.listen(port, host);
  await once(server, 'listening');
  const { port: taken } = server.address() as AddressInfo; // it listens on a port, not on a pipe
  return {
    port: taken,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

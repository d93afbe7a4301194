import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A request as it arrived. */
export type Received = {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** What the receiver does with a request; it may leave it open. */
export type Behaviour = (response: ServerResponse, received: Received, request: IncomingMessage) => unknown;

export const answering =
  (status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Behaviour =>
  (response) =>
    response.writeHead(status, headers).end(body);

/** A real HTTP server on this machine that keeps what it gets. */
export async function startReceiver(first: Behaviour = answering(200)) {
  const received: Received[] = [];
  let behaviour = first;
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const one = { path: request.url ?? '', headers, body };
    received.push(one);
    behaviour(response, one, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // of a TCP server that listens
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    received,
    behave(next: Behaviour): void {
      behaviour = next;
    },
    /** The requests to one path. */
    at: (path: string) => received.filter((one) => one.path === path),
    async close(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export type WebhookReceiver = Awaited<ReturnType<typeof startReceiver>>;

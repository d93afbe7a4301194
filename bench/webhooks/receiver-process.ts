/** Two receivers on one port: one that answers at once, and one that takes five seconds for it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveParent, serverHandlers } from '../process/serve-parent.ts';

const SLOW_MS = 5_000;

const server = createServer((request, response) => {
  const answer = () => response.writeHead(200).end();
  request.resume().once('end', () => {
    if (request.url?.startsWith('/slow')) setTimeout(answer, SLOW_MS);
    else answer();
  });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo; // of a TCP server that listens

const ready = { port };
export type ReceiverReady = typeof ready;
serveParent(serverHandlers, ready);

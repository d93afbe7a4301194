import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveParent, serverHandlers } from '../../process/serve-parent.ts';

/** Tells the parent on which port this server listens. */
export function serve(server: Server): void {
  const { port } = server.address() as AddressInfo; // of a TCP server that listens
  serveParent(serverHandlers, { port });
}

/** Listens on a free port of this machine, and tells the parent which. */
export function listen(server: Server): void {
  server.listen(0, '127.0.0.1', () => serve(server));
}

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * Stands between client and server, and cuts each connection once so many bytes have come back over it: `budgets` holds one number for
 * each connection, in the order of their beginning; those after the last are left alone.
 */
export async function startCuttingProxy(port: number, budgets: readonly number[]) {
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer((client) => {
    let left = budgets[connections] ?? Number.POSITIVE_INFINITY;
    connections += 1;
    const upstream = connect(port, '127.0.0.1');
    const cut = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', cut);
      socket.on('close', () => {
        open.delete(socket);
        cut();
      });
    }
    client.pipe(upstream);
    upstream.on('data', (chunk) => {
      client.write(chunk.subarray(0, Math.max(0, left)));
      left -= chunk.length;
      // In the middle of what is being written: what was within the budget still arrives.
      if (left <= 0) client.end(() => cut());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // of a server that listens on a port
    connections: () => connections,
    async stop(): Promise<void> {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

import { connect, type Socket } from 'node:net';
import { percentile } from '../report/statistics.ts';
import { createAnswerReader } from './answer-reader.ts';
import { bytesOf, type HttpRequest } from './http-request.ts';

export type HttpLoad = {
  readonly port: number;
  /** Of several, each connection sends the next one in turn. */
  readonly request: HttpRequest | readonly HttpRequest[];
  readonly connections: number;
  readonly durationMs: number;
};

export type LoadResult = {
  readonly count: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

/**
 * Keeps one request under way on each connection for `durationMs`. A connection that the server closes between answers is
 * opened again. Throws for any status but 200 and for connections that break.
 */
export function runHttpLoad({ port, request, connections, durationMs }: HttpLoad): Promise<LoadResult> {
  const requests = [request].flat() as readonly HttpRequest[]; // one level, whichever was given
  const bytes = requests.map((one) => bytesOf(one, port));
  const address = `${requests[0]?.method} ${requests[0]?.path}`;
  let turn = 0;
  const latencies: number[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<LoadResult>();
  const sockets = new Set<Socket>();
  let open = connections;
  const startedAt = performance.now();
  const endsAt = startedAt + durationMs;

  function fail(err: unknown): void {
    for (const socket of sockets) socket.destroy();
    reject(err);
  }

  function finish(socket: Socket, now: number): void {
    socket.destroy();
    open -= 1;
    if (open > 0) return;
    const [p50Ms, p99Ms] = [percentile(latencies, 0.5), percentile(latencies, 0.99)];
    resolve({ count: latencies.length, seconds: (now - startedAt) / 1000, p50Ms, p99Ms });
  }

  function start(): void {
    let sentAt = 0;
    let isDone = false;
    const read = createAnswerReader(({ status, closes }) => {
      const now = performance.now();
      if (status !== 200) return fail(new Error(`${address} was answered with ${status}.`));
      latencies.push(now - sentAt);
      isDone = closes || now >= endsAt;
      if (!isDone) return send();
      if (now >= endsAt) return finish(socket, now);
      socket.destroy();
      sockets.delete(socket);
      start();
    });
    const socket: Socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: Buffer.alloc(64 * 1024),
        callback(length, buffer) {
          try {
            read(Buffer.from(buffer.buffer, buffer.byteOffset, length));
          } catch (err) {
            fail(err);
          }
          return true;
        },
      },
    });
    const send = () => {
      sentAt = performance.now();
      socket.write(bytes[turn % bytes.length] ?? '');
      turn += 1;
    };
    sockets.add(socket);
    socket.once('connect', send);
    socket.once('error', fail);
    socket.once('close', () => {
      if (!isDone) fail(new Error(`${address}: the connection was closed before an answer.`));
    });
  }

  for (let index = 0; index < connections; index += 1) start();
  return promise;
}

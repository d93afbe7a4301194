import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What came back over a connection until the other end closed it. */
export type RawAnswer = {
  readonly status: number;
  /** Status line and headers. */
  readonly head: string;
  readonly body: string;
};

/** Opens a connection and gives what arrives on it when the server closes it. Write to `socket` what no client would send. */
export async function openConnection(
  port: number,
): Promise<{ readonly socket: Socket; readonly ended: Promise<RawAnswer> }> {
  const socket = connect({ port, host: '127.0.0.1' });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  // A server that closes in the middle of what is being written resets the connection; 'close' follows.
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const ended = closed.then(() => {
    const text = Buffer.concat(chunks).toString('utf8');
    const split = text.indexOf('\r\n\r\n');
    const head = split < 0 ? text : text.slice(0, split);
    return {
      status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0),
      head,
      body: split < 0 ? '' : text.slice(split + 4),
    };
  });
  await once(socket, 'connect');
  return { socket, ended };
}

/** Sends a request exactly as written (lines by `\n` here, by CRLF on the wire) and reads the whole answer. */
export async function sendRaw(port: number, request: string): Promise<RawAnswer> {
  const { socket, ended } = await openConnection(port);
  socket.write(request.replaceAll('\n', '\r\n'));
  return ended;
}

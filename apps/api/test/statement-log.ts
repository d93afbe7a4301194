import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

const BIND = 0x42;
const EXECUTE = 0x45;
const PARSE = 0x50;
const QUERY = 0x51;
const HEADER_BYTES = 5;

const textAt = (bytes: Buffer, at: number): string => bytes.toString('utf8', at, bytes.indexOf(0, at));

/** Reads what a client of PostgreSQL sends, and tells every statement it has executed. */
function readStatements(onStatement: (sql: string) => void): (chunk: Buffer) => void {
  const prepared = new Map<string, string>();
  let bound = '';
  let rest: Buffer = Buffer.alloc(0);
  // The first message has no type before its length.
  let isStarting = true;

  function onMessage(type: number, body: Buffer): void {
    if (type === QUERY) onStatement(textAt(body, 0));
    if (type === EXECUTE) onStatement(bound);
    const name = textAt(body, 0);
    if (type === PARSE) prepared.set(name, textAt(body, name.length + 1));
    // A portal's name comes before that of its statement.
    if (type === BIND) bound = prepared.get(textAt(body, name.length + 1)) ?? '';
  }

  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const lengthAt = isStarting ? 0 : 1;
      if (rest.length < HEADER_BYTES) return;
      const end = lengthAt + rest.readUInt32BE(lengthAt);
      if (rest.length < end) return;
      if (!isStarting) onMessage(rest[0] ?? 0, rest.subarray(HEADER_BYTES, end));
      isStarting = false;
      rest = rest.subarray(end);
    }
  };
}

/** A way to a PostgreSQL server on which every executed statement is seen. `close` ends it and what runs over it. */
export async function openStatementLog(databaseUrl: string) {
  const statements: string[] = [];
  const sockets = new Set<Socket>();
  const target = new URL(databaseUrl);
  const proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    const read = readStatements((sql) => statements.push(sql));
    client.on('data', (chunk) => {
      read(chunk);
      server.write(chunk);
    });
    server.on('data', (chunk) => client.write(chunk));
    client.on('error', () => undefined).on('close', () => server.destroy());
    server.on('error', () => undefined).on('close', () => client.destroy());
    sockets.add(client);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const { port } = proxy.address() as AddressInfo; // listening on TCP, it has one
  const url = new URL(databaseUrl);
  [url.hostname, url.port] = ['127.0.0.1', String(port)];
  return {
    url: url.href,
    /** The statements executed since the last call, in their order. */
    take: () => statements.splice(0),
    close: () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    },
  };
}

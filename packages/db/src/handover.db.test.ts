import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { Unavailable } from '@morket/contract/errors';
import { useTestDatabase } from '@morket/testing/template-database';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { errorOf } from '../test/error-of.ts';
import { createDb } from './client.ts';
import type { Db } from './tx.ts';

/** A server that dies right behind an answer: its last words come in the same piece, while the connection changes hands. */
const database = useTestDatabase();
let proxy: Server;
let db: Db;
/** Reached by the query whose answer is the last. */
const asked = Promise.withResolvers<void>();
const mayAnswer = Promise.withResolvers<void>();

/** `ErrorResponse` of PostgreSQL's protocol, as a backend sends it whose postmaster was killed. */
function lastWords(): Buffer {
  const fields = 'SFATAL\0VFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0';
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(4 + fields.length, 1);
  return Buffer.concat([head, Buffer.from(fields)]);
}

beforeAll(async () => {
  const target = new URL(database.url);
  proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    let isLast = false;
    client.on('data', (chunk) => {
      isLast = chunk.includes('as last_answer');
      server.write(chunk);
    });
    server.on('data', async (chunk) => {
      if (!isLast) return client.write(chunk);
      asked.resolve();
      await mayAnswer.promise;
      return client.end(Buffer.concat([chunk, lastWords()]));
    });
    client.on('error', () => undefined).on('close', () => server.destroy());
    server.on('error', () => undefined).on('close', () => client.destroy());
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const { port } = proxy.address() as AddressInfo; // listening on TCP, it has one
  const through = Object.assign(new URL(database.url), { hostname: '127.0.0.1', port: String(port) });
  db = createDb({ url: through.href, poolSize: 1 });
});
afterAll(async () => {
  await db.close();
  proxy.close();
});

let uncaught: unknown[] = [];
let others: NodeJS.UncaughtExceptionListener[] = [];
beforeEach(() => {
  uncaught = [];
  others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', (err) => void uncaught.push(err));
});
afterEach(() => {
  process.removeAllListeners('uncaughtException');
  for (const listener of others) process.on('uncaughtException', listener);
});

test('the next holder is told, and the process lives', async () => {
  const first = db.read.$queryRaw`select 1 as last_answer`.then((rows) => rows); // it is sent with `then`, not before
  await asked.promise;
  const next = errorOf(db.transaction((tx) => tx.$queryRaw`select 2`));
  await db.ping(1_000); // meanwhile it has come to wait for the connection
  mayAnswer.resolve();
  expect(await first).toEqual([{ last_answer: 1 }]);
  expect(await next).toSatisfy(Unavailable.is);
  expect(await db.read.$queryRaw`select 3 as three`).toEqual([{ three: 3 }]);
  expect(uncaught).toEqual([]);
});

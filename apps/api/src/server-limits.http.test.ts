import { once } from 'node:events';
import { aPerson, createWorld, useWorld, type World } from '@morket/testing';
import { openConnection } from '@morket/testing/raw-http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const world = useWorld();

test('slow and greedy connections have limits', () => {
  const { server, initialConfig } = world.app;
  expect(server).toMatchObject({
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 65_000,
    maxRequestsPerSocket: 1_000,
  });
  expect(initialConfig).toMatchObject({ bodyLimit: 256 * 1024, handlerTimeout: 30_000, forceCloseConnections: 'idle' });
});

describe('a connection that dawdles', () => {
  let impatient: World;
  let port: number;
  beforeAll(async () => {
    impatient = await createWorld();
    // The limits above, in a hundredth of the time; how often they are checked stays what it is.
    impatient.app.server.headersTimeout = 100;
    impatient.app.server.requestTimeout = 300;
    port = Number(new URL(await impatient.app.listen({ host: '127.0.0.1', port: 0 })).port);
  });
  afterAll(() => impatient.close());

  const head = 'POST /trpc/auth.login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
  const beginnings: Readonly<Record<string, string>> = {
    'in its headers': head,
    'in its body': `${head}Content-Length: 100\r\n\r\n{`,
    'in a chunk': `${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{`,
    'before it says anything': '',
  };

  test.concurrent.each(Object.entries(beginnings))('%s is hung up on within seconds', async (_, beginning) => {
    const startedAt = performance.now();
    const { socket, ended } = await openConnection(port);
    if (beginning) socket.write(beginning);
    const { status } = await ended;
    // 408, or nothing to somebody who never asked.
    expect([0, 408]).toContain(status);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('closing', () => {
  test('a request under way is answered, a new one is not begun', async () => {
    const closing = await createWorld();
    const person = await aPerson(closing);
    const port = Number(new URL(await closing.app.listen({ host: '127.0.0.1', port: 0 })).port);
    const body = JSON.stringify({ email: person.email, password: person.password });
    const head = `POST /trpc/auth.login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    const idle = await openConnection(port);
    const busy = await openConnection(port);
    busy.socket.write(head + body.slice(0, 5));
    await once(closing.app.server, 'request');
    const closed = closing.app.close();
    busy.socket.write(body.slice(5));
    expect(await busy.ended).toMatchObject({ status: 200, body: expect.stringContaining('accessToken') });
    await idle.ended;
    await closed;
    await expect(openConnection(port)).rejects.toThrow('ECONNREFUSED');
    await closing.close();
  });
});

import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { answering, startReceiver, type WebhookReceiver } from '@morket/testing/webhook-receiver';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSafeFetch, type SafeFetch } from './safe-fetch.ts';
import { SafeFetchError } from './safe-fetch-error.ts';

const OPEN = { allowPrivate: true, ports: [] };
const STRICT = { allowPrivate: false, ports: [] };

let receiver: WebhookReceiver;
let fetch: SafeFetch;
beforeEach(async () => {
  receiver = await startReceiver();
  fetch = createSafeFetch({ policy: OPEN });
});
afterEach(async () => {
  fetch.close();
  await receiver.close();
});

const post = (url: string, from: SafeFetch = fetch) => from.send({ url, method: 'POST', body: '{"a":1}' });

async function failureOf(answer: Promise<unknown>): Promise<string> {
  const err = await answer.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(err instanceof SafeFetchError)) throw err ?? new Error('It succeeded.');
  return err.failure;
}

describe('an answer', () => {
  test('comes with status, headers and body, whatever the status', async () => {
    receiver.behave(answering(418, { 'x-kind': 'pot' }, 'short and stout'));
    const answer = await post(receiver.url);
    expect(answer).toMatchObject({ status: 418, headers: { 'x-kind': 'pot' }, isCut: false });
    expect(answer.body.toString()).toBe('short and stout');
    expect(receiver.received[0]).toMatchObject({ body: '{"a":1}', headers: { 'content-length': '7' } });
  });

  test('that sends elsewhere is not followed', async () => {
    receiver.behave(answering(302, { location: `http://127.0.0.1:${receiver.port}/elsewhere` }));
    expect((await post(receiver.url)).status).toBe(302);
    expect(receiver.received).toHaveLength(1);
  });

  test('is cut at the cap, and the connection with it', async () => {
    const small = createSafeFetch({ policy: OPEN, maxBodyBytes: 1_000 });
    let sent = 0;
    receiver.behave((response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(10_000))) sent += 10_000;
        response.once('drain', more);
      };
      more();
    });
    const answer = await post(receiver.url, small);
    expect(answer).toMatchObject({ status: 200, isCut: true });
    expect(answer.body).toHaveLength(1_000);
    expect(sent).toBeLessThan(50_000_000);
    small.close();
  });

  test('is asked for uncompressed, and never decompressed', async () => {
    const bomb = gzipSync(Buffer.alloc(5_000_000));
    receiver.behave((response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
    const answer = await post(receiver.url);
    expect(receiver.received[0]?.headers['accept-encoding']).toBe('identity');
    expect(answer.body.equals(bomb)).toBe(true);
  });

  test('sets no cookie for the next request', async () => {
    receiver.behave(answering(200, { 'set-cookie': 'a=b' }));
    await post(receiver.url);
    await post(receiver.url);
    expect(receiver.received[1]?.headers).not.toHaveProperty('cookie');
  });
});

describe('no answer', () => {
  test('in time', async () => {
    const hasty = createSafeFetch({ policy: OPEN, totalTimeoutMs: 50 });
    receiver.behave(() => undefined);
    expect(await failureOf(post(receiver.url, hasty))).toBe('timeout');
    receiver.behave((response) => response.writeHead(200).write('{"never":'));
    expect(await failureOf(post(receiver.url, hasty))).toBe('timeout');
    hasty.close();
  });

  test('because nobody is there, or the connection breaks', async () => {
    const { url } = receiver;
    receiver.behave((response) => response.socket?.destroy());
    expect(await failureOf(post(url))).toBe('reset');
    receiver.behave((response) => {
      response.writeHead(200, { 'content-length': '100' }).write('x');
      response.socket?.end();
    });
    expect(await failureOf(post(url))).toBe('reset');
    expect(await failureOf(post('http://127.0.0.1:1/'))).toBe('refused');
  });

  test('that is HTTP, or whose headers have an end', async () => {
    const server = createTcpServer((socket: Socket) => socket.on('error', () => undefined).end('SSH-2.0-OpenSSH\r\n'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // of a TCP server that listens
    expect(await failureOf(post(`http://127.0.0.1:${port}/`))).toBe('protocol');
    expect(await failureOf(post(`https://127.0.0.1:${port}/`))).toBe('tls');
    server.close();
    receiver.behave(answering(200, { 'x-long': 'x'.repeat(40_000) }));
    expect(await failureOf(post(receiver.url))).toBe('protocol');
  });

  test('because the request itself is none', async () => {
    const headers = { 'x-bad': 'a\r\nx-injected: b' };
    expect(await failureOf(fetch.send({ url: receiver.url, method: 'POST', headers }))).toBe('protocol');
    expect(receiver.received).toEqual([]);
  });

  test('when it is given up', async () => {
    const control = new AbortController();
    receiver.behave(() => control.abort());
    expect(await failureOf(fetch.send({ url: receiver.url, method: 'POST', signal: control.signal }))).toBe('aborted');
    expect(await failureOf(fetch.send({ url: receiver.url, method: 'POST', signal: control.signal }))).toBe('aborted');
  });
});

describe('where it goes', () => {
  test('a URL that is not allowed is not requested', async () => {
    const strict = createSafeFetch({ policy: STRICT });
    for (const url of [receiver.url, `https://127.0.0.1:${receiver.port}/`, 'https://[::1]/', 'https://2130706433/']) {
      expect(await failureOf(post(url, strict))).toBe('unsafe_url');
    }
    expect(receiver.received).toEqual([]);
    strict.close();
  });

  test.each([
    ['127.0.0.1'],
    ['10.0.0.1'],
    ['169.254.169.254'],
    ['::1'],
    ['::ffff:127.0.0.1'],
    ['fe80::1'],
    ['64:ff9b::7f00:1'],
    ['0.0.0.0'],
    ['fd00::1'],
  ])('a name that leads to %s is not connected to', async (address) => {
    const strict = createSafeFetch({
      policy: { allowPrivate: false, ports: [receiver.port] },
      resolve: async () => [address],
    });
    expect(await failureOf(post(`https://hooks.example.com:${receiver.port}/`, strict))).toBe('unsafe_address');
    expect(receiver.received).toEqual([]);
    strict.close();
  });

  test('one bad address among good ones spoils the name', async () => {
    const strict = createSafeFetch({ policy: STRICT, resolve: async () => ['93.184.216.34', '10.0.0.1'] });
    expect(await failureOf(post('https://hooks.example.com/', strict))).toBe('unsafe_address');
    strict.close();
  });

  test('the connection goes to the address that was judged: a name is asked for once for each connection', async () => {
    const asked: string[] = [];
    const answers = [['127.0.0.1'], ['169.254.169.254']];
    const rebinding = createSafeFetch({
      policy: OPEN,
      resolve: async (host) => {
        asked.push(host);
        return answers[asked.length - 1] ?? [];
      },
    });
    const url = `http://rebinding.example:${receiver.port}/hook`;
    receiver.behave(answering(200, { connection: 'close' }));
    expect((await post(url, rebinding)).status).toBe(200);
    expect(asked).toEqual(['rebinding.example']);
    expect(receiver.received[0]?.headers.host).toBe(`rebinding.example:${receiver.port}`);
    // The same name leads elsewhere now, and a new connection asks anew.
    expect(await failureOf(post(url, rebinding))).toBe('unsafe_address');
    expect(receiver.received).toHaveLength(1);
    rebinding.close();
  });

  test('a name without an address, or whose servers are silent', async () => {
    const nowhere = createSafeFetch({ policy: STRICT, resolve: async () => [] });
    const broken = createSafeFetch({ policy: STRICT, resolve: () => Promise.reject(new Error('SERVFAIL')) });
    const silent = createSafeFetch({
      policy: STRICT,
      resolve: () => new Promise(() => undefined),
      connectTimeoutMs: 50,
    });
    expect(await failureOf(post('https://hooks.example.com/', nowhere))).toBe('dns');
    expect(await failureOf(post('https://hooks.example.com/', broken))).toBe('dns');
    expect(await failureOf(post('https://hooks.example.com/', silent))).toBe('connect_timeout');
    for (const one of [nowhere, broken, silent]) one.close();
  });

  test('a proxy of the environment is not used', async () => {
    const before = { ...process.env };
    Object.assign(process.env, {
      HTTP_PROXY: 'http://127.0.0.1:1',
      http_proxy: 'http://127.0.0.1:1',
      NODE_USE_ENV_PROXY: '1',
    });
    try {
      const own = createSafeFetch({ policy: OPEN });
      expect((await post(receiver.url, own)).status).toBe(200);
      own.close();
    } finally {
      process.env = before;
    }
  });
});

describe('connections', () => {
  test('are used again, and one that was closed meanwhile is replaced', async () => {
    const sockets = new Set<unknown>();
    receiver.behave((response) => {
      sockets.add(response.socket);
      response.writeHead(200).end();
    });
    await post(receiver.url);
    await post(receiver.url);
    expect(sockets.size).toBe(1);
    // Closes under the third request, without an answer, as a server does whose patience has just run out.
    receiver.behave((response) => {
      if (sockets.has(response.socket)) response.socket?.destroy();
      else response.writeHead(204).end();
    });
    expect((await post(receiver.url)).status).toBe(204);
  });
});

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { runHttpLoad } from './http-load.ts';

async function under(listener: RequestListener, maxRequestsPerSocket = 0) {
  const server = createServer(listener);
  server.maxRequestsPerSocket = maxRequestsPerSocket;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // of a TCP server that listens
  const request = { method: 'POST', path: '/a?b=1', headers: { 'x-of': 'test' }, body: '{"é":1}' } as const;
  try {
    return await runHttpLoad({ port, request, connections: 3, durationMs: 100 });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('every answer is counted once, over connections that the server ends now and then', async () => {
  let served = 0;
  const asked = new Set<string>();
  const { count, seconds, p50Ms, p99Ms } = await under((request, response) => {
    let body = '';
    request.on('data', (piece) => (body += piece));
    request.on('end', () => {
      asked.add(`${request.method} ${request.url} ${request.headers['x-of']} ${body}`);
      served += 1;
      response.end('x'.repeat(100_000));
    });
  }, 5);
  expect([...asked]).toEqual(['POST /a?b=1 test {"é":1}']);
  expect(count).toBe(served);
  expect(count).toBeGreaterThan(15);
  expect(seconds).toBeGreaterThanOrEqual(0.1);
  expect(p50Ms).toBeGreaterThan(0);
  expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
});

test('a failure is no throughput', async () => {
  await expect(under((_request, response) => response.writeHead(503).end('no'))).rejects.toThrow('answered with 503');
});

test('a broken connection is no throughput', async () => {
  await expect(under((request) => request.socket.destroy())).rejects.toThrow();
});

test('several requests are sent in turn', async () => {
  const asked = new Map<string, number>();
  const server = createServer((request, response) => {
    asked.set(request.url ?? '', (asked.get(request.url ?? '') ?? 0) + 1);
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // of a TCP server that listens
  const request = ['/a', '/b', '/c'].map((path) => ({ method: 'GET', path }) as const);
  await runHttpLoad({ port, request, connections: 2, durationMs: 50 });
  server.closeAllConnections();
  server.close();
  const counts = ['/a', '/b', '/c'].map((path) => asked.get(path) ?? 0);
  expect(Math.min(...counts)).toBeGreaterThan(0);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
});

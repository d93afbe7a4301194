import { randomUUID } from 'node:crypto';
import { aPerson, aTenant, createWorld, useWorld } from '@morket/testing';
import { type Answer, type CallOptions, send } from '@morket/testing/http';
import { describe, expect, test } from 'vitest';

const APP = 'https://app.example.com';
const DEV = 'http://localhost:5173';
const world = useWorld({ env: { CORS_ORIGIN: `${APP},${DEV}` } });

const get = (url: string, options?: CallOptions): Promise<Answer> => send(world, { method: 'GET', url }, options);

/** One of every kind of answer: fine, refused, unknown, malformed, redirect, document, page. */
const ADDRESSES = [
  '/trpc/health.live',
  '/trpc/auth.me',
  '/trpc/nowhere',
  '/api/v1/health',
  '/api/v1/auth/me',
  '/api/v1/nowhere',
  '/api/v1/openapi.json',
  '/api/v1/asyncapi.json',
  '/docs',
  '/health',
  '/nowhere',
  '/',
];

test('a page of ours may send what links and streams of events send', async () => {
  const asked = ['authorization', 'content-type', 'trpc-accept', 'last-event-id', 'idempotency-key'];
  const headers = {
    origin: APP,
    'access-control-request-method': 'POST',
    'access-control-request-headers': asked.join(', '),
  };
  const answer = await send(world, { method: 'OPTIONS', url: '/trpc/billing.debit', headers });
  expect(answer.headers['access-control-allow-origin']).toBe(APP);
  expect(String(answer.headers['access-control-allow-headers']).split(/, */)).toEqual(expect.arrayContaining(asked));
});

describe('every answer is hardened', () => {
  test.each(ADDRESSES)('%s', async (url) => {
    const { headers } = await get(url);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(headers['strict-transport-security']).toMatch(/max-age=(3153600\d|[4-9]\d{7}|\d{9,}); includeSubDomains/);
    const policy = String(headers['content-security-policy']);
    for (const directive of ["base-uri 'none'", "frame-ancestors 'none'"]) expect(policy).toContain(directive);
    expect(policy).toMatch(/default-src 'none'|object-src 'none'/);
    expect(policy).not.toContain('unsafe-eval');
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('server');
  });

  test('answers of procedures are not stored by caches', async () => {
    const { accessToken: token } = await aPerson(world);
    for (const url of ['/trpc/auth.me', '/api/v1/auth/me']) {
      for (const options of [{ token }, {}])
        expect((await get(url, options)).headers['cache-control']).toBe('no-store');
    }
  });

  test('401 says how to sign in, and whether the token was the fault', async () => {
    expect((await get('/api/v1/auth/me')).headers['www-authenticate']).toBe('Bearer');
    const { headers } = await get('/api/v1/auth/me', { token: 'nonsense' });
    expect(headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    expect((await get('/trpc/auth.me')).headers['www-authenticate']).toBe('Bearer');
  });

  test('a token in the address is no token', async () => {
    const { accessToken } = await aPerson(world);
    for (const name of ['access_token', 'token', 'authorization']) {
      expect((await get(`/api/v1/auth/me?${name}=${accessToken}`)).status).toBe(401);
    }
  });

  test.each(['Basic dXNlcjpwYXNz', 'Bearer', 'Bearer ', 'Bearer a b', 'bearer', 'Token abc', 'Bearer \u00e9'])(
    'what is no bearer token is a bad one: %j',
    async (authorization) => {
      const answer = await get('/api/v1/auth/me', { headers: { authorization } });
      expect(answer).toMatchObject({ status: 401, code: 'access.unauthenticated' });
    },
  );
});

describe('CORS is an exact list', () => {
  const preflight = (origin: string, url = '/trpc/auth.login') =>
    send(world, {
      method: 'OPTIONS',
      url,
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    });

  test.each([APP, DEV])('%s is on it', async (origin) => {
    for (const url of ADDRESSES) {
      const { headers } = await get(url, { headers: { origin } });
      expect(headers['access-control-allow-origin'], url).toBe(origin);
      expect(headers['access-control-allow-credentials'], url).toBe('true');
      expect(String(headers.vary), url).toMatch(/\bOrigin\b/i);
    }
    const asked = await preflight(origin);
    expect(asked.status).toBe(204);
    expect(asked.headers['access-control-allow-origin']).toBe(origin);
    expect(String(asked.headers['access-control-allow-headers'])).toMatch(/authorization/);
  });

  test.each([
    'null',
    'https://evil.example',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://app.example.com.evil.example',
    'https://evil-app.example.com',
    'https://APP.example.com',
    'https://app.example.com/',
    `${APP}, https://evil.example`,
    '*',
  ])('%s is not', async (origin) => {
    for (const url of ADDRESSES) {
      expect((await get(url, { headers: { origin } })).headers, url).not.toHaveProperty('access-control-allow-origin');
    }
    for (const url of ['/trpc/auth.login', '/api/v1/auth/login']) {
      expect((await preflight(origin, url)).headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  test('caches keep the answers to different origins apart, also those to none', async () => {
    expect(String((await get('/trpc/health.live')).headers.vary)).toMatch(/\bOrigin\b/i);
  });

  test('without a list nobody is on it', async () => {
    const closed = await createWorld();
    for (const origin of [APP, 'null', 'https://evil.example']) {
      const { headers } = await send(closed, { method: 'GET', url: '/trpc/health.live', headers: { origin } });
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    }
    await closed.close();
  });
});

describe('X-Request-Id', () => {
  const idOf = async (given: string) =>
    (await get('/trpc/auth.me', { headers: { 'x-request-id': given } })).headers['x-request-id'];

  test('a UUID is kept, and names the request in answer, log and audit', async () => {
    const tenant = await aTenant(world);
    const requestId = randomUUID();
    world.takeLogs();
    const answer = await send(
      world,
      { method: 'POST', url: '/trpc/workspace.update', payload: { workspaceId: tenant.id, name: 'Renamed' } },
      { token: tenant.owner.accessToken, headers: { 'x-request-id': requestId.toUpperCase() } },
    );
    expect(answer.headers['x-request-id']).toBe(requestId);
    expect(world.takeLogs()).toContainEqual(expect.objectContaining({ msg: 'request', requestId }));
    expect(await world.db.read.auditEntry.count({ where: { requestId } })).toBe(1);
    const refused = await get('/api/v1/auth/me', { headers: { 'x-request-id': requestId } });
    expect(refused.text).toContain(requestId);
  });

  test.each([
    '',
    'req-1',
    '{"a":1}',
    'x'.repeat(5_000),
    `${randomUUID()}0`,
    `${randomUUID()}, ${randomUUID()}`,
    "1' or '1'='1",
  ])('anything else is replaced: %s', async (given) => {
    const id = await idOf(given);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(id).not.toBe(given);
  });

  test('each request has one of its own', async () => {
    expect(await idOf('')).not.toBe(await idOf(''));
  });
});

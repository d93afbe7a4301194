import { procedures } from '@morket/rpc';
import { anOrigin, aPerson, aTenant, type Tenant, useWorld } from '@morket/testing';
import { send } from '@morket/testing/http';
import { sendRaw } from '@morket/testing/raw-http';
import { beforeAll, describe, expect, test } from 'vitest';

const world = useWorld();

let tenant: Tenant;
let port: number;
beforeAll(async () => {
  tenant = await aTenant(world);
  port = Number(new URL(await world.app.listen({ host: '127.0.0.1', port: 0 })).port);
});

const notFound = { status: 404, code: 'request.not_found' };

describe('reading never changes anything', () => {
  const changing = procedures().filter(({ type }) => type === 'mutation');
  const isThere = () => world.services.workspaces.get(tenant.scope);

  test.each(changing.map(({ path }) => path))('GET and HEAD of %s run nothing', async (path) => {
    const options = { token: tenant.owner.accessToken, headers: { 'x-workspace-id': tenant.id } };
    for (const method of ['GET', 'HEAD'] as const) {
      for (const url of [`/trpc/${path}`, `/trpc/${path}?input={}`, `/trpc/${path}?batch=1`]) {
        expect((await send(world, { method, url }, options)).status, `${method} ${url}`).toBe(405);
      }
    }
    await expect(isThere()).resolves.toBeDefined();
  });

  test('HEAD of a mutation without input does not run it', async () => {
    const person = await aPerson(world);
    const other = await world.services.auth.login({ email: person.email, password: person.password }, anOrigin());
    await send(world, { method: 'HEAD', url: '/trpc/auth.sessions.revokeOthers' }, { token: person.accessToken });
    const claims = await world.services.access.identify(other.accessToken);
    await expect(world.services.access.userScope(claims, anOrigin())).resolves.toBeDefined();
  });

  test('HEAD of a query answers like GET, without a body', async () => {
    for (const url of ['/trpc/auth.me', '/api/v1/auth/me']) {
      const answer = await send(world, { method: 'HEAD', url }, { token: tenant.owner.accessToken });
      expect(answer).toMatchObject({ status: 200, text: '' });
    }
  });

  test('a query is not posted', async () => {
    const answer = await send(
      world,
      { method: 'POST', url: '/trpc/auth.me', payload: {} },
      { token: tenant.owner.accessToken },
    );
    expect(answer).toMatchObject({ status: 405, code: 'request.method_not_allowed' });
  });
});

describe('addresses that lead nowhere', () => {
  test.each([
    '/nowhere',
    '/trpc',
    '/trpc/',
    '/trpc/auth',
    '/trpc/auth.',
    '/trpc/auth.nobody',
    '/trpc/AUTH.ME',
    '/trpc/__proto__',
    '/trpc/constructor',
    '/trpc/auth.me.toString',
    '/trpc/_def.procedures',
    '/api/v1',
    '/api/v1/nowhere',
    '/api/v2/health',
    '/api/v1/__proto__',
    '/.env',
    '/.git/config',
    '/docs/../.env',
  ])('GET %s is 404 in the words of the API', async (url) => {
    const answer = await send(world, { method: 'GET', url }, { token: tenant.owner.accessToken });
    expect(answer).toMatchObject(notFound);
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)('%s of nothing too', async (method) => {
    expect(await send(world, { method, url: '/nowhere' })).toMatchObject(notFound);
  });

  test('an OPTIONS that asks for nothing gets nothing', async () => {
    for (const url of ['/nowhere', '/trpc/auth.me', '/api/v1/auth/me']) {
      const answer = await send(world, { method: 'OPTIONS', url }, { headers: { origin: 'https://evil.example' } });
      expect(answer).toMatchObject({ status: 204, text: '' });
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    }
  });
});

describe('methods', () => {
  test.each(['PUT', 'PATCH', 'DELETE'] as const)('%s is nothing to tRPC', async (method) => {
    const answer = await send(
      world,
      { method, url: '/trpc/auth.me', payload: {} },
      { token: tenant.owner.accessToken },
    );
    expect([404, 405]).toContain(answer.status);
  });

  test.each(['GET', 'PUT', 'DELETE', 'PATCH', 'TRACE'] as const)(
    '%s of a REST address that takes others is 405 with Allow',
    async (method) => {
      const { head, status } = await sendRaw(
        port,
        `${method} /api/v1/auth/login HTTP/1.1\nHost: x\nConnection: close\n\n`,
      );
      expect(status).toBe(405);
      expect(head.toLowerCase()).toMatch(/\nallow: post\r?(\n|$)/);
    },
  );

  test.each(['TRACE', 'CONNECT', 'PROPFIND', 'SEARCH', 'get'])('%s reaches nothing', async (method) => {
    for (const path of ['/trpc/health.live', '/health', '/docs', '/']) {
      const { status, body } = await sendRaw(
        port,
        `${method} ${path} HTTP/1.1\nHost: x\nCookie: seen\nConnection: close\n\n`,
      );
      // 0: the parser hung up on it.
      expect([0, 400, 404, 405, 501]).toContain(status);
      expect(body).not.toContain('Cookie');
    }
  });
});

describe('other spellings of a path open no other door', () => {
  const me = '/api/v1/auth/me';
  const spellings = [
    '//api/v1/auth/me',
    '/api//v1/auth/me',
    '/api/v1//auth/me',
    '/api/v1/auth/me/',
    '/api/v1/auth/me//',
    '/API/V1/AUTH/ME',
    '/api/v1/./auth/me',
    '/api/v1/health/../auth/me',
    '/api/v1/health/..%2fauth/me',
    '/api/v1/health/%2e%2e/auth/me',
    '/api/v1/auth%2fme',
    '/api/v1/auth%252fme',
    '/api/v1/auth;x=1/me',
    '/api/v1/auth\\me',
    '/api/v1/%61uth/me',
    '/api/v1/auth/me%00',
    '/api/v1/auth/me%20',
    '/trpc//auth.me',
    '/trpc/./auth.me',
    '/trpc/health.live/../auth.me',
    '/trpc/auth%2eme',
    '/trpc/auth.me%2c',
    '/trpc/health.live%2fauth.me',
  ];

  test.each([me, ...spellings])('%s', async (path) => {
    const answer = await sendRaw(port, `GET ${path} HTTP/1.1\nHost: x\nConnection: close\n\n`);
    // Nobody is signed in: whatever the spelling reaches, it is not somebody's account.
    expect([400, 401, 404]).toContain(answer.status);
    expect(answer.body).not.toContain('"email"');
    expect(answer.body).toMatch(/request\.(not_found|malformed)|access\.unauthenticated/);
  });

  test.each(['/%', '/api/v1/%zz', '/trpc/%c3', `/api/v1/workspaces/${'a'.repeat(1_001)}`, '/api/v1/workspaces/%00'])(
    '%s is refused in the words of the API',
    async (path) => {
      const request = `GET ${path} HTTP/1.1\nHost: x\nAuthorization: Bearer ${tenant.owner.accessToken}\nConnection: close\n\n`;
      const answer = await sendRaw(port, request);
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body)).toMatchObject({
        success: false,
        error: { code: expect.stringMatching(/^request\./) },
      });
    },
  );

  test('a path parameter is one value, whatever it holds', async () => {
    const options = { token: tenant.owner.accessToken };
    for (const id of [`${tenant.id}%2fmembers`, `..%2f${tenant.id}`, '%7B%22not%22%3A%22%22%7D', `${tenant.id}%00`]) {
      const answer = await send(world, { method: 'GET', url: `/api/v1/workspaces/${id}` }, options);
      expect(answer, id).toMatchObject({ status: 400, code: 'request.invalid_input' });
    }
  });
});

describe('requests that two parsers could read in two ways', () => {
  test.each([
    ['two lengths', 'Content-Length: 2\nContent-Length: 5\n\n{}'],
    ['a length and chunks', 'Content-Length: 2\nTransfer-Encoding: chunked\n\n0\n\n'],
    ['a length that is no number', 'Content-Length: +2\n\n{}'],
    ['chunks by another name', 'Transfer-Encoding: xchunked\n\n0\n\n'],
    ['a folded header', 'X-A: b\n c\nContent-Length: 2\n\n{}'],
    ['a space before the colon', 'Content-Length : 2\n\n{}'],
  ])('%s are refused', async (_, rest) => {
    const head = 'POST /trpc/auth.login HTTP/1.1\nHost: x\nConnection: close\nContent-Type: application/json\n';
    expect((await sendRaw(port, head + rest)).status).toBe(400);
  });
});

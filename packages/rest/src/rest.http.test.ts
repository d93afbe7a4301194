import { InsufficientCredits } from '@morket/contract/billing';
import { Forbidden, RateLimited, Unavailable } from '@morket/contract/errors';
import { MemberNotFound, type Workspace } from '@morket/contract/workspace';
import { BODY_LIMIT_BYTES } from '@morket/rpc/http';
import { afterEach, describe, expect, test } from 'vitest';
import { type ExpectedVerbs, fakeServices, GOOD_TOKEN, USER_ID, WORKSPACE_ID } from '../test/fake-services.ts';
import { type RestApp, restApp } from '../test/rest-app.ts';

const authorization = `Bearer ${GOOD_TOKEN}`;
const json = { authorization, 'content-type': 'application/json' };
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const workspace: Workspace = {
  id: WORKSPACE_ID,
  name: 'Engines',
  slug: 'engines',
  role: 'owner',
  createdAt: new Date('2026-01-15T09:30:00Z'),
  updatedAt: new Date('2026-02-01T00:00:00Z'),
};
const workspaceOnWire = {
  ...workspace,
  createdAt: '2026-01-15T09:30:00.000Z',
  updatedAt: '2026-02-01T00:00:00.000Z',
};

let opened: RestApp | undefined;
afterEach(async () => {
  await opened?.app.close();
  opened = undefined;
});

function open(verbs: ExpectedVerbs = {}): RestApp {
  opened = restApp(fakeServices(verbs));
  return opened;
}

/** What a failure must look like, whatever it is. */
function failure(code: string, details: unknown = {}) {
  const error = { code, message: expect.any(String), details, requestId: expect.stringMatching(UUID) };
  return { success: false, data: null, error };
}

const invalid = (path: string, message: string) =>
  failure('request.invalid_input', { issues: [{ path, message }], omittedIssues: 0 });

describe('success', () => {
  test('200: a result in the envelope, dates as ISO strings, kept by no cache', async () => {
    const { app } = open({ workspaces: { get: async () => workspace } });
    const answer = await app.inject({ url: `/api/v1/workspaces/${WORKSPACE_ID}`, headers: { authorization } });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ success: true, data: workspaceOnWire, error: null });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['x-request-id']).toMatch(UUID);
  });

  test('200: a page is items and meta, asked for by typed query parameters', async () => {
    const asked: unknown[] = [];
    const { app } = open({
      workspaces: {
        list: async (_scope, input) => {
          asked.push(input);
          return { items: [workspace], ...input, total: 41 };
        },
      },
    });
    const answer = await app.inject({ url: '/api/v1/workspaces?page=3&limit=20', headers: { authorization } });
    expect(answer.json()).toEqual({
      success: true,
      data: [workspaceOnWire],
      error: null,
      meta: { page: 3, limit: 20, total: 41 },
    });
    expect(asked).toEqual([{ page: 3, limit: 20 }]);
  });

  test('201: a create', async () => {
    const { app } = open({ workspaces: { create: async (_scope, { name }) => ({ ...workspace, name }) } });
    const body = { name: 'Looms' };
    const answer = await app.inject({ method: 'POST', url: '/api/v1/workspaces', headers: json, body });
    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toMatchObject({ success: true, data: { name: 'Looms' } });
  });

  test('200: a delete answers data null, and its ids come from the path', async () => {
    const asked: unknown[] = [];
    const { app } = open({
      members: {
        remove: async (scope, input) => {
          asked.push(scope.workspaceId, input);
          return null;
        },
      },
    });
    const url = `/api/v1/workspaces/${WORKSPACE_ID}/members/${USER_ID}`;
    const answer = await app.inject({ method: 'DELETE', url, headers: { authorization } });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ success: true, data: null, error: null });
    expect(asked).toEqual([WORKSPACE_ID, expect.objectContaining({ userId: USER_ID })]);
  });

  test('200: a POST without a body and without a content type', async () => {
    const { app } = open({ sessions: { revokeOthers: async () => ({ revoked: 2 }) } });
    const url = '/api/v1/auth/sessions/revoke-others';
    const answer = await app.inject({ method: 'POST', url, headers: { authorization } });
    expect(answer.json()).toEqual({ success: true, data: { revoked: 2 }, error: null });
  });

  test('200: HEAD answers like GET, without the body', async () => {
    const { app } = open();
    const answer = await app.inject({ method: 'HEAD', url: '/api/v1/health' });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toBe('');
  });

  test('the Idempotency-Key header reaches the verb', async () => {
    const keys: unknown[] = [];
    const tokens = { accessToken: 'a', refreshToken: 'r', expiresIn: 900 };
    const { app } = open({
      sessions: {
        refresh: async ({ idempotencyKey }) => {
          keys.push(idempotencyKey);
          return tokens;
        },
      },
    });
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'try-0001' };
    await app.inject({ method: 'POST', url: '/api/v1/auth/refresh', headers, body: { refreshToken: 'r' } });
    expect(keys).toEqual(['try-0001']);
  });
});

describe('failures of procedures', () => {
  test('400: validation, with the issues by field', async () => {
    const { app } = open();
    const url = '/api/v1/workspaces?page=first&limit=1000';
    const answer = await app.inject({ url, headers: { authorization } });
    expect(answer.statusCode).toBe(400);
    const { error } = answer.json();
    expect(error.details.issues.map(({ path }: { path: string }) => path)).toEqual(['page', 'limit']);
  });

  test('401: no token', async () => {
    const answer = await open().app.inject({ url: '/api/v1/auth/me' });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(answer.json()).toEqual(failure('access.unauthenticated', { reason: 'missing' }));
  });

  test.each(['Bearer wrong', 'Basic dTpw', 'Bearer a b'])('401: a bad token, sent as %j', async (header) => {
    const answer = await open().app.inject({ url: '/api/v1/auth/me', headers: { authorization: header } });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  });

  test('402: details say what is missing', async () => {
    const { app } = open({
      billing: {
        debit: async () => {
          throw InsufficientCredits({ required: 7, available: 3 });
        },
      },
    });
    const url = `/api/v1/workspaces/${WORKSPACE_ID}/billing/debits`;
    const body = { amount: 7, description: 'Run' };
    const answer = await app.inject({ method: 'POST', url, headers: json, body });
    expect(answer.statusCode).toBe(402);
    expect(answer.json()).toEqual(failure('billing.insufficient_credits', { required: 7, available: 3 }));
    expect(answer.json().error.requestId).toBe(answer.headers['x-request-id']);
  });

  test('403: authorization comes before validation', async () => {
    const { app } = open({
      access: {
        workspaceScope: async () => {
          throw Forbidden({});
        },
      },
    });
    const url = `/api/v1/workspaces/${WORKSPACE_ID}/members`;
    const answer = await app.inject({ method: 'POST', url, headers: json, body: { email: 7 } });
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toEqual(failure('access.forbidden'));
  });

  test('404: a record that is not there', async () => {
    const { app } = open({
      members: {
        remove: async () => {
          throw MemberNotFound({});
        },
      },
    });
    const url = `/api/v1/workspaces/${WORKSPACE_ID}/members/${USER_ID}`;
    const answer = await app.inject({ method: 'DELETE', url, headers: { authorization } });
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toEqual(failure('workspace.member_not_found'));
  });

  test('429: Retry-After says how long', async () => {
    const { app } = open({
      limits: {
        chargeUser: async () => {
          throw RateLimited({ policy: 'user', retryAfterSeconds: 17 });
        },
      },
    });
    const answer = await app.inject({ url: '/api/v1/auth/me', headers: { authorization } });
    expect(answer.statusCode).toBe(429);
    expect(answer.headers['retry-after']).toBe('17');
    expect(answer.json()).toEqual(failure('request.rate_limited', { policy: 'user', retryAfterSeconds: 17 }));
  });

  test('500: an unexpected error leaks nothing and is logged once', async () => {
    const { app, logged } = open({
      workspaces: {
        get: async () => {
          throw new Error('relation "workspace" does not exist');
        },
      },
    });
    const answer = await app.inject({ url: `/api/v1/workspaces/${WORKSPACE_ID}`, headers: { authorization } });
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toEqual(failure('server.internal'));
    expect(answer.body).not.toContain('relation');
    expect(logged.map(({ path, err }) => [path, err.message])).toEqual([
      ['workspace.get', expect.stringContaining('relation "workspace" does not exist')],
    ]);
  });

  test('500: a result that breaks the output schema is not sent', async () => {
    const { app } = open({ workspaces: { get: async () => ({ ...workspace, id: 'secret' }) } });
    const answer = await app.inject({ url: `/api/v1/workspaces/${WORKSPACE_ID}`, headers: { authorization } });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('secret');
  });

  test('503: Retry-After too', async () => {
    const { app } = open({
      health: {
        ready: async () => {
          throw Unavailable({ retryAfterSeconds: 2 });
        },
      },
    });
    const answer = await app.inject({ url: '/api/v1/health/ready' });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2']);
  });
});

describe('what is refused before a procedure runs', () => {
  const create = (body: string | Buffer, contentType = 'application/json') => {
    const headers = { authorization, 'content-type': contentType };
    return open().app.inject({ method: 'POST', url: '/api/v1/workspaces', headers, body });
  };

  test('400: malformed JSON', async () => {
    const answer = await create('{"name": ');
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toEqual(failure('request.malformed', { reason: 'it is not valid JSON' }));
  });

  test.each([
    ['deep nesting', `{"name":${'['.repeat(40)}${']'.repeat(40)}}`],
    ['a NUL character', '{"name":"a\\u0000b"}'],
    ['a lone surrogate', '{"name":"\\ud800"}'],
    ['the key __proto__', '{"name":"a","__proto__":{"b":1}}'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ])('400: %s', async (_name, body) => {
    const answer = await create(body);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toEqual(failure('request.malformed', { reason: expect.any(String) }));
  });

  test.each(['[]', '"text"', '7', 'null'])('400: a body that is no object: %s', async (body) => {
    const answer = await create(body);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toEqual(invalid('', 'the body must be a JSON object'));
  });

  test('400: a body that contradicts the path', async () => {
    const url = `/api/v1/workspaces/${WORKSPACE_ID}`;
    const body = { workspaceId: USER_ID, name: 'Engines' };
    const answer = await open().app.inject({ method: 'PUT', url, headers: json, body });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toEqual(invalid('workspaceId', 'contradicts the path'));
  });

  test.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded'])(
    '415: %s',
    async (contentType) => {
      const answer = await create('{"name":"Engines"}', contentType);
      expect(answer.statusCode).toBe(415);
      expect(answer.json()).toEqual(failure('request.unsupported_media_type'));
    },
  );

  test('413: one byte too many', async () => {
    const answer = await create(`{"name":"${'a'.repeat(BODY_LIMIT_BYTES)}"}`);
    expect(answer.statusCode).toBe(413);
    expect(answer.json()).toEqual(failure('request.too_large', { maxBytes: BODY_LIMIT_BYTES }));
  });

  test.each(['GET', 'POST', 'PUT', 'DELETE'] as const)('404: %s of an unknown path', async (method) => {
    const answer = await open().app.inject({ method, url: '/api/v1/nothing' });
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toEqual(failure('request.not_found'));
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  test('404: an unknown path, though the body is unreadable as well', async () => {
    const headers = { 'content-type': 'text/html' };
    const answer = await open().app.inject({ method: 'POST', url: '/api/v1/nothing', headers, body: '{' });
    expect(answer.statusCode).toBe(404);
  });

  test.each([
    ['PATCH', '/api/v1/workspaces', 'POST, GET, HEAD'],
    ['PUT', '/api/v1/auth/login', 'POST'],
    ['HEAD', '/api/v1/auth/login', 'POST'],
    ['GET', '/api/v1/auth/sessions/revoke-others', 'POST'],
    ['POST', `/api/v1/workspaces/${WORKSPACE_ID}/members/${USER_ID}`, 'DELETE'],
    ['POST', '/api/v1/openapi.json', 'GET, HEAD'],
  ] as const)('405: %s %s', async (method, url, allow) => {
    const answer = await open().app.inject({ method, url });
    expect(answer.statusCode).toBe(405);
    expect(answer.headers.allow).toBe(allow);
    if (method !== 'HEAD') {
      expect(answer.json()).toEqual(failure('request.method_not_allowed', { allowed: allow.split(', ') }));
    }
  });

  test('405: before the body is read', async () => {
    const headers = { 'content-type': 'text/html' };
    const answer = await open().app.inject({ method: 'PUT', url: '/api/v1/auth/login', headers, body: '{' });
    expect(answer.statusCode).toBe(405);
  });

  test.each([
    ['cannot be decoded', '/api/v1/workspaces/%zz', 'its path is not valid'],
    ['is too long', `/api/v1/workspaces/${'a'.repeat(200)}`, 'a part of its path is too long'],
  ])('400: a path that %s', async (_name, url, reason) => {
    const answer = await open().app.inject({ url });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toEqual(failure('request.malformed', { reason }));
  });

  test('500: an error around a procedure leaks nothing and is logged once', async () => {
    const { app, logged } = open();
    app.addHook('preHandler', async () => {
      throw new Error('the hook of a plugin broke');
    });
    const answer = await app.inject({ url: '/api/v1/health' });
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toEqual(failure('server.internal'));
    expect(logged.map(({ err }) => err.message)).toEqual(['the hook of a plugin broke']);
  });
});

test('200: the OpenAPI document', async () => {
  const answer = await open().app.inject({ url: '/api/v1/openapi.json' });
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(answer.json()).toMatchObject({ openapi: '3.1.0', servers: [{ url: '/api/v1' }] });
});

import { InsufficientCredits } from '@morket/contract/billing';
import { Forbidden, RateLimited, Unavailable } from '@morket/contract/errors';
import { MemberNotFound, type Workspace } from '@morket/contract/workspace';
import { afterEach, describe, expect, test } from 'vitest';
import { type ExpectedVerbs, fakeServices, GOOD_TOKEN, USER_ID, WORKSPACE_ID } from '../test/fake-services.ts';
import { aFailure, type RestApp, restApp, UUID } from '../test/rest-app.ts';

const authorization = `Bearer ${GOOD_TOKEN}`;
const json = { authorization, 'content-type': 'application/json' };

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
    expect(answer.json()).toEqual(aFailure('access.unauthenticated', { reason: 'missing' }));
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
    expect(answer.json()).toEqual(aFailure('billing.insufficient_credits', { required: 7, available: 3 }));
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
    expect(answer.json()).toEqual(aFailure('access.forbidden'));
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
    expect(answer.json()).toEqual(aFailure('workspace.member_not_found'));
  });

  test('429: Retry-After says how long', async () => {
    const { app } = open({
      limits: {
        chargePrincipal: async () => {
          throw RateLimited({ policy: 'user', retryAfterSeconds: 17 });
        },
      },
    });
    const answer = await app.inject({ url: '/api/v1/auth/me', headers: { authorization } });
    expect(answer.statusCode).toBe(429);
    expect(answer.headers['retry-after']).toBe('17');
    expect(answer.json()).toEqual(aFailure('request.rate_limited', { policy: 'user', retryAfterSeconds: 17 }));
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
    expect(answer.json()).toEqual(aFailure('server.internal'));
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

test('200: the AsyncAPI document', async () => {
  const answer = await open().app.inject({ url: '/api/v1/asyncapi.json' });
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(answer.json()).toMatchObject({ asyncapi: '3.0.0', channels: { billing_account: {} } });
});

test('200: the OpenAPI document', async () => {
  const answer = await open().app.inject({ url: '/api/v1/openapi.json' });
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(answer.json()).toMatchObject({ openapi: '3.1.0', servers: [{ url: '/api/v1' }] });
});

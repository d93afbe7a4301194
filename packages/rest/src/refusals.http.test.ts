import { BODY_LIMIT_BYTES } from '@morket/rpc/http';
import { afterEach, expect, test } from 'vitest';
import { fakeServices, GOOD_TOKEN, USER_ID, WORKSPACE_ID } from '../test/fake-services.ts';
import { aFailure, type RestApp, restApp } from '../test/rest-app.ts';

const authorization = `Bearer ${GOOD_TOKEN}`;

let opened: RestApp | undefined;
afterEach(async () => {
  await opened?.app.close();
  opened = undefined;
});

function open(): RestApp {
  opened = restApp(fakeServices());
  return opened;
}

const invalid = (path: string, message: string) =>
  aFailure('request.invalid_input', { issues: [{ path, message }], omittedIssues: 0 });

const create = (body: string | Buffer, contentType = 'application/json') => {
  const headers = { authorization, 'content-type': contentType };
  return open().app.inject({ method: 'POST', url: '/api/v1/workspaces', headers, body });
};

test('400: malformed JSON', async () => {
  const answer = await create('{"name": ');
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toEqual(aFailure('request.malformed', { reason: 'it is not valid JSON' }));
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
  expect(answer.json()).toEqual(aFailure('request.malformed', { reason: expect.any(String) }));
});

test.each(['[]', '"text"', '7', 'null'])('400: a body that is no object: %s', async (body) => {
  const answer = await create(body);
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toEqual(invalid('', 'the body must be a JSON object'));
});

test('400: a body that contradicts the path', async () => {
  const url = `/api/v1/workspaces/${WORKSPACE_ID}`;
  const body = { workspaceId: USER_ID, name: 'Engines' };
  const answer = await open().app.inject({ method: 'PUT', url, headers: { authorization }, body });
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toEqual(invalid('workspaceId', 'contradicts the path'));
});

test.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded'])(
  '415: %s',
  async (contentType) => {
    const answer = await create('{"name":"Engines"}', contentType);
    expect(answer.statusCode).toBe(415);
    expect(answer.json()).toEqual(aFailure('request.unsupported_media_type'));
  },
);

test('413: one byte too many', async () => {
  const answer = await create(`{"name":"${'a'.repeat(BODY_LIMIT_BYTES)}"}`);
  expect(answer.statusCode).toBe(413);
  expect(answer.json()).toEqual(aFailure('request.too_large', { maxBytes: BODY_LIMIT_BYTES }));
});

test.each(['GET', 'POST', 'PUT', 'DELETE'] as const)('404: %s of an unknown path', async (method) => {
  const answer = await open().app.inject({ method, url: '/api/v1/nothing' });
  expect(answer.statusCode).toBe(404);
  expect(answer.json()).toEqual(aFailure('request.not_found'));
  expect(answer.headers['cache-control']).toBe('no-store');
});

test.each(['text/html', 'application/json'])(
  '404: an unknown path, though the body is unreadable: %s',
  async (type) => {
    const headers = { 'content-type': type };
    const answer = await open().app.inject({ method: 'POST', url: '/api/v1/nothing', headers, body: '{' });
    expect(answer.statusCode).toBe(404);
  },
);

test.each([
  ['PATCH', '/api/v1/workspaces', 'POST, GET, HEAD'],
  ['PUT', '/api/v1/auth/login', 'POST'],
  ['HEAD', '/api/v1/auth/login', 'POST'],
  ['GET', '/api/v1/auth/sessions/revoke-others', 'POST'],
  ['POST', `/api/v1/workspaces/${WORKSPACE_ID}/members/${USER_ID}`, 'DELETE'],
  ['POST', '/api/v1/openapi.json', 'GET, HEAD'],
  ['POST', '/api/v1/asyncapi.json', 'GET, HEAD'],
] as const)('405: %s %s', async (method, url, allow) => {
  const answer = await open().app.inject({ method, url });
  expect(answer.statusCode).toBe(405);
  expect(answer.headers.allow).toBe(allow);
  if (method !== 'HEAD') {
    expect(answer.json()).toEqual(aFailure('request.method_not_allowed', { allowed: allow.split(', ') }));
  }
});

test.each(['text/html', 'application/json'])('405: before the body is read: %s', async (type) => {
  const headers = { 'content-type': type };
  const answer = await open().app.inject({ method: 'PUT', url: '/api/v1/auth/login', headers, body: '{' });
  expect(answer.statusCode).toBe(405);
});

test.each([
  ['cannot be decoded', '/api/v1/workspaces/%zz', 'its path is not valid'],
  ['is too long', `/api/v1/workspaces/${'a'.repeat(200)}`, 'a part of its path is too long'],
])('400: a path that %s', async (_name, url, reason) => {
  const answer = await open().app.inject({ url });
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toEqual(aFailure('request.malformed', { reason }));
  expect(answer.json().error.requestId).toBe(answer.headers['x-request-id']);
});

test('500: an error around a procedure leaks nothing and is logged once', async () => {
  const { app, logged } = open();
  app.addHook('preHandler', async () => {
    throw new Error('the hook of a plugin broke');
  });
  const answer = await app.inject({ url: '/api/v1/health?token=secret' });
  expect(answer.statusCode).toBe(500);
  expect(answer.json()).toEqual(aFailure('server.internal'));
  expect(logged.map(({ path, err }) => [path, err.message])).toEqual([
    ['/api/v1/health', 'the hook of a plugin broke'],
  ]);
});

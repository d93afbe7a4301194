import { ERRORS } from '@morket/contract/catalogue';
import { ERROR_KINDS } from '@morket/contract/errors';
import { procedures } from '@morket/rpc';
import { aTenant, type Tenant, useWorld } from '@morket/testing';
import fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import { beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';

const world = useWorld();
let tenant: Tenant;
beforeAll(async () => {
  tenant = await aTenant(world, { credits: 1_000 });
});

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const Success = z.strictObject({
  success: z.literal(true),
  data: z.unknown(),
  error: z.null(),
  meta: z.strictObject({ page: z.int(), limit: z.int(), total: z.int() }).optional(),
});
const Failure = z.strictObject({
  success: z.literal(false),
  data: z.null(),
  error: z.strictObject({
    code: z.string(),
    message: z.string().min(1),
    details: z.record(z.string(), z.unknown()),
    requestId: z.string(),
  }),
});
const statusOf = new Map<string, number>(ERRORS.map(({ code, kind }) => [code, ERROR_KINDS[kind].status]));

/** What a path parameter, a query field or a header may be given by somebody with bad intentions. */
const nasty = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.constantFrom(
    '',
    '.',
    '..',
    '../..',
    '%00',
    '%2e%2e',
    '%ff',
    '%',
    '%zz',
    '{}',
    '[]',
    'null',
    '-1',
    '1e309',
    '__proto__',
    "' or 1=1 --",
    '\u0000',
    '\uD800',
    'a'.repeat(1_001),
  ),
  fc.uuid(),
);
const segment = fc.oneof(nasty, nasty.map(encodeURIComponentLoosely), fc.constant(':tenant'));
function encodeURIComponentLoosely(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

const ROUTES = procedures().flatMap(({ rest, path }) =>
  rest && path !== 'workspace.delete' && path !== 'auth.logout' ? [rest] : [],
);
const knownPath = fc
  .tuple(fc.constantFrom(...ROUTES), fc.array(segment, { minLength: 3, maxLength: 3 }))
  .map(([route, values]) => route.path.replaceAll(/\{\w+\}/g, () => values.pop() ?? 'x'));
const unknownPath = fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
const query = fc.array(fc.tuple(fc.constantFrom('page', 'limit', 'workspaceId', 'input', '__proto__'), nasty), {
  maxLength: 3,
});

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const;
const request = fc.record({
  method: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...ROUTES.map(({ method }) => method)) },
    fc.constantFrom(...METHODS),
  ),
  path: fc.oneof({ weight: 3, arbitrary: knownPath }, unknownPath),
  query,
  body: fc.oneof(
    fc.constant(undefined),
    fc.json(),
    fc.json().map((json) => json.slice(0, -1)),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(
      '',
      '{}',
      '{"__proto__":{"x":1}}',
      '[]',
      '"text"',
      `${'['.repeat(40)}${']'.repeat(40)}`,
      '{"a":"\\u0000"}',
      `"${'x'.repeat(300_000)}"`,
    ),
  ),
  type: fc.constantFrom(
    'application/json',
    'application/json; charset=utf-8',
    'APPLICATION/JSON',
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    'nonsense',
    undefined,
  ),
  authorization: fc.constantFrom(':token', ':token', 'Bearer ', 'Bearer x.y.z', 'Basic YTpi', '', undefined),
  headers: fc.dictionary(
    fc.constantFrom(
      'x-workspace-id',
      'x-tenant-id',
      'idempotency-key',
      'accept',
      'host',
      'origin',
      'x-forwarded-for',
      'if-none-match',
      'user-agent',
    ),
    nasty.map((text) => text.replace(/[^\x20-\x7e]/g, '')),
    { maxKeys: 3 },
  ),
  requestId: fc.oneof(
    fc.constant(undefined),
    fc.uuid(),
    fc.uuid().map((id) => id.toUpperCase()),
    fc.constantFrom('', 'not a uuid', 'x'.repeat(5_000)),
  ),
});
type Request = typeof request extends fc.Arbitrary<infer R> ? R : never;

function injectionOf({
  method,
  path,
  query: fields,
  body,
  type,
  authorization,
  headers,
  requestId,
}: Request): InjectOptions {
  const text = fields.map(([name, value]) => `${name}=${encodeURIComponentLoosely(value)}`).join('&');
  const given = {
    ...headers,
    ...(type === undefined ? {} : { 'content-type': type }),
    ...(authorization === undefined
      ? {}
      : { authorization: authorization.replace(':token', `Bearer ${tenant.owner.accessToken}`) }),
    ...(requestId === undefined ? {} : { 'x-request-id': requestId }),
  };
  const url = `/api/v1${path.replaceAll(':tenant', tenant.id).replace(/[?#]/g, '')}${text === '' ? '' : `?${text}`}`;
  return { method, url, headers: given, ...(body === undefined ? {} : { payload: body }) };
}

/** A request shrinks in more ways than there is time to try. */
const BOUNDED = { interruptAfterTimeLimit: 15_000, markInterruptAsFailure: true };

function assertEnvelope(
  payload: string,
  { status, requestId, type }: { status: number; requestId: string; type: unknown },
): void {
  expect(type).toMatch(/^application\/json/);
  const body: unknown = JSON.parse(payload);
  if (status < 300) {
    Success.parse(body);
    return;
  }
  const { error } = Failure.parse(body);
  expect(error.requestId).toBe(requestId);
  expect(statusOf.get(error.code), error.code).toBe(status);
}

/**
 * Invariant: whatever is sent to the REST surface, with whatever method, path, body and headers, the answer is the envelope
 * and nothing but the envelope, under a status that its code stands for, with a UUID in X-Request-Id: the caller's, if that
 * was one. Nothing a caller can send is answered as a fault of ours.
 */
test('property 26: every REST answer is the envelope with a UUID X-Request-Id', async () => {
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(request, async (given) => {
      const injection = injectionOf(given);
      // Dots that lead out of the surface lead to something else.
      fc.pre(new URL(String(injection.url), 'http://morket').pathname.startsWith('/api/v1'));
      const answer = await world.app.inject(injection);
      const requestId = String(answer.headers['x-request-id']);
      expect(requestId).toMatch(UUID);
      if (given.requestId !== undefined && UUID.test(given.requestId.toLowerCase()))
        expect(requestId).toBe(given.requestId.toLowerCase());
      expect(answer.statusCode).toBeLessThan(500);
      statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1);
      // An OPTIONS is answered for CORS, without a body.
      if (answer.statusCode === 204) expect(given.method).toBe('OPTIONS');
      if (given.method === 'HEAD' || answer.statusCode === 204) expect(answer.payload).toBe('');
      else
        assertEnvelope(answer.payload, { status: answer.statusCode, requestId, type: answer.headers['content-type'] });
    }),
    { numRuns: 1_500, ...BOUNDED },
  );
  // Successes and the common kinds of refusal were among them, else this would prove little.
  for (const status of [200, 400, 401, 404, 405])
    expect(statuses.get(status) ?? 0, `answers of ${status}`).toBeGreaterThan(0);
});

/** Invariant: each request, good or hostile, is logged in exactly one line with its method, its path without the query, its status and its time. */
test('property 27: every request logs method, path, statusCode and responseTime', async () => {
  await fc.assert(
    fc.asyncProperty(request, fc.constantFrom('', '/api/v1', '/trpc', '/health', '/docs'), async (given, prefix) => {
      const injection = injectionOf(given);
      const url = `${prefix}${String(injection.url).replace('/api/v1', '')}`;
      world.takeLogs();
      const answer = await world.app.inject({ ...injection, url });
      const lines = await vi.waitFor(() => {
        const logged = world.takeLogs().filter(({ msg }) => msg === 'request');
        expect(logged.length).toBeGreaterThan(0);
        return logged;
      });
      expect(lines).toHaveLength(1);
      const [line = {}] = lines;
      expect(line).toMatchObject({
        method: given.method,
        statusCode: answer.statusCode,
        requestId: answer.headers['x-request-id'],
      });
      expect(String(line.path)).not.toContain('?');
      expect(typeof line.path).toBe('string');
      expect(line.responseTime).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 500, ...BOUNDED },
  );
});

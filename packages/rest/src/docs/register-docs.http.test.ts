import { gunzipSync } from 'node:zlib';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { registerDocs } from './register-docs.ts';

const APP_POLICY = "default-src 'self'";

let app: FastifyInstance;
beforeAll(() => {
  app = Fastify();
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('content-security-policy', APP_POLICY);
  });
  app.get('/other', async () => 'other');
  registerDocs(app, { openApiPath: '/api/v1/openapi.json' });
});
afterAll(() => app.close());

const scriptIn = (page: string): string => /<script src="([^"]+)"/.exec(page)?.[1] ?? '';
const policyOf = (headers: Readonly<Record<string, unknown>>): string => String(headers['content-security-policy']);

test.each(['/docs', '/docs/'])('200: %s is a page that shows our document', async (url) => {
  const { statusCode, headers, body } = await app.inject({ url });
  expect(statusCode).toBe(200);
  expect(headers['content-type']).toBe('text/html; charset=utf-8');
  expect(headers['cache-control']).toBe('no-store');
  expect(body).toContain('"url":"/api/v1/openapi.json"');
});

test('the page has a policy of its own, which lets scripts run by nonce alone and nothing leave', async () => {
  const { headers, body } = await app.inject({ url: '/docs' });
  const [, nonce = ''] = /script-src 'nonce-([^']+)'/.exec(policyOf(headers)) ?? [];
  const nonces = [...body.matchAll(/<script[^>]* nonce="([^"]+)"/g)].map(([, found]) => found);
  expect(nonces).toEqual([nonce, nonce]);
  expect([...body.matchAll(/<script/g)]).toHaveLength(2);
  expect(policyOf(headers)).toContain("connect-src 'self'");
  expect(policyOf(headers)).not.toMatch(/https?:|\*|script-src[^;]*unsafe/);
});

test('a nonce is used once', async () => {
  const [one, other] = [await app.inject({ url: '/docs' }), await app.inject({ url: '/docs' })];
  expect(policyOf(one.headers)).not.toBe(policyOf(other.headers));
});

test('other pages keep the policy of the app', async () => {
  const { headers } = await app.inject({ url: '/other' });
  expect(policyOf(headers)).toBe(APP_POLICY);
});

test('nothing on the page comes from elsewhere', async () => {
  const { body } = await app.inject({ url: '/docs' });
  expect(body).not.toMatch(/(?:https?:)?\/\/[\w-]+\.\w/);
  expect(scriptIn(body)).toMatch(/^\/docs\/scalar\.js\?v=[0-9a-f]{16}$/);
});

test('the script is served whole, plain and compressed, to be kept for ever', async () => {
  const url = scriptIn((await app.inject({ url: '/docs' })).body);
  const plain = await app.inject({ url });
  const zipped = await app.inject({ url, headers: { 'accept-encoding': 'gzip, br' } });
  expect(plain.headers).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'accept-encoding',
  });
  expect(plain.body).toContain('createApiReference');
  expect(zipped.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(zipped.rawPayload).equals(plain.rawPayload)).toBe(true);
  expect(zipped.rawPayload.length).toBeLessThan(plain.rawPayload.length / 2);
});

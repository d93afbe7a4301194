import { aTenant, createWorld, type Tenant, type World } from '@morket/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

let world: World;
let limited: World;
let tenant: Tenant;
let url: string;
beforeAll(async () => {
  world = await createWorld();
  tenant = await aTenant(world);
  const input = { name: 'Demo', allowedOrigins: ['https://a.example'], honeypot: null, fields: [] };
  url = (await world.services.forms.create(tenant.scope, input)).path ?? '';
  limited = await createWorld({ databaseUrl: world.databaseUrl, env: { RATE_LIMIT_PER_MINUTE: '100' } });
});
afterAll(async () => {
  await limited.close();
  await world.close();
});

const FORM = { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://a.example' };
const UNKNOWN = `/hooks/forms/mf_${'A'.repeat(43)}`;

async function post(to: string, payload: string | Buffer, headers: Record<string, string> = FORM) {
  return world.app.inject({ method: 'POST', url: to, payload, headers });
}

const states = async () =>
  (await world.services.submissions.list(tenant.scope, { page: 1, limit: 1 })).items.map(({ state }) => state);

test('a page of the list sends a form, and any page gets the same answer, so that nothing can be probed', async () => {
  const good = await post(url, 'mail=a%40example.com');
  expect(good.statusCode).toBe(202);
  expect(good.json()).toEqual({ id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  await world.deliverEvents();
  expect(await states()).toEqual(['accepted']);

  const answers = [
    await post(UNKNOWN, 'mail=a%40example.com'),
    await post(url, 'mail=a', { ...FORM, origin: 'https://evil.example' }),
    await post(url, '{"mail":', { 'content-type': 'application/json' }),
    await post(url, Buffer.from([0, 255]), { 'content-type': 'application/octet-stream' }),
    await post('/hooks/forms/%00', 'a=1'),
  ];
  const shape = (answer: (typeof answers)[number]) => ({
    status: answer.statusCode,
    body: Object.keys(answer.json()),
    headers: Object.keys(answer.headers).sort(),
    origin: answer.headers['access-control-allow-origin'],
  });
  for (const answer of answers) expect(shape(answer)).toEqual(shape(good));
  expect(shape(good)).toMatchObject({ status: 202, origin: '*' });
  await world.deliverEvents();
  expect(await states()).toEqual(['refused']);
});

test('a browser may ask before it sends JSON, from any page, and never with cookies', async () => {
  const headers = {
    origin: 'https://a.example',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  };
  const answer = await world.app.inject({ method: 'OPTIONS', url, headers });
  expect(answer.statusCode).toBe(204);
  expect(answer.headers['access-control-allow-origin']).toBe('*');
  expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  // Elsewhere the list of origins holds.
  const elsewhere = await world.app.inject({ method: 'OPTIONS', url: '/api/v1/workspaces', headers });
  expect(elsewhere.headers['access-control-allow-origin']).toBeUndefined();
});

test('a repeated request has the id of the first, whether there is such a form or not', async () => {
  for (const to of [url, UNKNOWN]) {
    const send = async () =>
      (await post(to, 'mail=b%40example.com', { ...FORM, 'idempotency-key': 'order-1' })).json().id;
    expect(await send()).toBe(await send());
  }
});

test('a content type that is none is refused, for any form', async () => {
  for (const to of [url, UNKNOWN]) expect((await post(to, 'a=1', { 'content-type': 'garbage' })).statusCode).toBe(415);
});

test('more than 64 KB is refused', async () => {
  const answer = await post(url, 'a'.repeat(65_537));
  expect(answer.statusCode).toBe(413);
  expect(answer.json().error.code).toBe('request.too_large');
  expect((await post(url, 'a'.repeat(65_536))).statusCode).toBe(202);
});

test('an address that floods is slowed down, alike for known and unknown forms', async () => {
  for (const to of [url, UNKNOWN]) {
    const answers = await Promise.all(
      Array.from({ length: 31 }, (_, n) =>
        limited.app.inject({
          method: 'POST',
          ...{ url: to, payload: `a=${n}`, headers: FORM, remoteAddress: to === url ? '192.0.2.1' : '192.0.2.2' },
        }),
      ),
    );
    const refused = answers.filter(({ statusCode }) => statusCode === 429);
    expect(refused).toHaveLength(1);
    expect(refused[0]?.headers['retry-after']).toMatch(/^\d+$/);
  }
});

test('the key of a form stands in no log line', async () => {
  world.takeLogs();
  await post(url, 'a=1');
  await world.app.inject({ method: 'GET', url });
  const logs = JSON.stringify(world.takeLogs());
  expect(logs).toContain('/hooks/forms/');
  expect(logs).not.toContain(url.slice('/hooks/forms/'.length));
});

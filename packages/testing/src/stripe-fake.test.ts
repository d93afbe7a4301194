import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { newId } from '@morket/domain/ids';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type StripeFake, startStripeFake } from './stripe-fake.ts';

let stripe: StripeFake;
beforeEach(async () => {
  stripe = await startStripeFake();
});
afterEach(() => stripe.stop());

function post(path: string, params: Record<string, string>, key?: string, secretKey = stripe.secretKey) {
  return fetch(`${stripe.apiUrl}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secretKey}`, ...(key === undefined ? {} : { 'idempotency-key': key }) },
    body: new URLSearchParams(params),
  });
}
const errorOf = async (response: Response) => ((await response.json()) as { error: Record<string, unknown> }).error; // The API's own shape.

async function aCharge(card = 'pm_card_visa'): Promise<Record<string, string>> {
  const { id: customer } = (await (await post('/v1/customers', {})).json()) as { id: string }; // The API's own shape.
  const attached = await post(`/v1/payment_methods/${card}/attach`, { customer });
  const { id: method } = (await attached.json()) as { id: string }; // The API's own shape.
  return { amount: '1000', currency: 'usd', customer, payment_method: method, confirm: 'true', off_session: 'true' };
}

describe('idempotency keys', () => {
  test('the same request under the same key is answered with the first answer, and marked so', async () => {
    const params = await aCharge();
    const first = await post('/v1/payment_intents', params, 'key-1');
    const again = await post('/v1/payment_intents', params, 'key-1');
    expect(await again.json()).toEqual(await first.json());
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('original-request')).toBe(first.headers.get('request-id'));
    expect(stripe.payments()).toHaveLength(1);
  });

  test('400 for other parameters, and for another endpoint', async () => {
    const params = await aCharge();
    await post('/v1/payment_intents', params, 'key-1');
    for (const response of [
      await post('/v1/payment_intents', { ...params, amount: '2000' }, 'key-1'),
      await post('/v1/customers', {}, 'key-1'),
    ]) {
      expect(response.status).toBe(400);
      expect(await errorOf(response)).toMatchObject({ type: 'idempotency_error' });
    }
    expect(stripe.payments()).toHaveLength(1);
  });

  test('409 while the first request runs', async () => {
    const params = await aCharge();
    const { met } = stripe.failNext('payment_intents.create', { kind: 'hold', when: 'before' });
    const first = post('/v1/payment_intents', params, 'key-1');
    await met;
    const second = await post('/v1/payment_intents', params, 'key-1');
    expect(second.status).toBe(409);
    expect(await errorOf(second)).toMatchObject({ code: 'idempotency_key_in_use' });
    stripe.release();
    expect((await first).status).toBe(200);
  });

  test('declines and failures of the server are kept; failed validation, the rate limit and yesterday are not', async () => {
    const declined = await aCharge('pm_card_chargeCustomerFail');
    expect((await post('/v1/payment_intents', declined, 'declined')).status).toBe(402);
    expect((await post('/v1/payment_intents', declined, 'declined')).headers.get('idempotent-replayed')).toBe('true');

    const params = await aCharge();
    stripe.failNext('payment_intents.create', { kind: 'answer', when: 'before', status: 500 });
    expect((await post('/v1/payment_intents', params, 'broken')).status).toBe(500);
    expect((await post('/v1/payment_intents', params, 'broken')).status).toBe(500);
    stripe.forgetIdempotencyKeys();
    expect((await post('/v1/payment_intents', params, 'broken')).status).toBe(200);

    expect((await post('/v1/payment_intents', { ...params, amount: 'x' }, 'invalid')).status).toBe(400);
    expect((await post('/v1/payment_intents', params, 'invalid')).status).toBe(200);
    stripe.failNext('payment_intents.create', { kind: 'answer', when: 'before', status: 429, retryAfterSeconds: 7 });
    const limited = await post('/v1/payment_intents', params, 'limited');
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '7']);
    expect((await post('/v1/payment_intents', params, 'limited')).status).toBe(200);
  });
});

test('wrong keys, unknown addresses, parameters and objects are answered as the API answers them', async () => {
  const params = await aCharge();
  expect((await post('/v1/customers', {}, undefined, 'sk_test_other')).status).toBe(401);
  expect((await post('/v1/refunds', {})).status).toBe(404);
  const unknown = await post('/v1/payment_intents', { ...params, payment_method_types: 'card' });
  expect(await errorOf(unknown)).toMatchObject({ code: 'parameter_unknown', param: 'payment_method_types' });
  const missing = await post('/v1/payment_intents', { ...params, customer: 'cus_other' });
  expect(await errorOf(missing)).toMatchObject({ code: 'resource_missing', param: 'customer' });
  const twice = await post(`/v1/payment_methods/${params.payment_method}/attach`, { customer: `${params.customer}` });
  expect(twice.status).toBe(400);
  expect(stripe.payments()).toEqual([]);
});

test('events reach an endpoint in the order and number asked for, signed for the body as it is', async () => {
  await post('/v1/payment_intents', { ...(await aCharge()), 'metadata[charge_id]': newId() }, 'key-1');
  const received: { body: string; signature: unknown }[] = [];
  const endpoint = createServer(async (request, response) => {
    received.push({ body: await text(request), signature: request.headers['stripe-signature'] });
    response.writeHead(received.length === 1 ? 500 : 200).end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => endpoint.once('listening', resolve));
  const { port } = endpoint.address() as { port: number }; // A TCP server has a port.
  const [created, succeeded] = stripe.events;
  const statuses = await stripe.deliver(`http://127.0.0.1:${port}/`, [succeeded, created, succeeded]);
  endpoint.close();
  expect(statuses).toEqual([500, 200, 200]);
  expect(received.map(({ body }) => (JSON.parse(body) as { type: string }).type)).toEqual([
    'payment_intent.succeeded',
    'payment_intent.created',
    'payment_intent.succeeded',
  ]);
  expect(received[0]?.signature).toMatch(/^t=\d+,v1=[0-9a-f]{64},v0=0{64}$/);
});

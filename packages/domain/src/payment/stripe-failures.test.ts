import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { PaymentsUnavailable } from '@morket/contract/billing';
import { type StripeFake, type StripeFault, startStripeFake } from '@morket/testing/stripe-fake';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../ids/index.ts';
import type { ChargeRequest, PaymentGateway } from './payment.port.ts';
import { createStripeGateway, type StripeGatewayOptions } from './stripe-gateway.ts';

let stripe: StripeFake;
let gateway: PaymentGateway;
let request: ChargeRequest;
const gatewayWith = (options: Partial<StripeGatewayOptions> = {}) =>
  createStripeGateway({
    secretKey: stripe.secretKey,
    webhookSecrets: [stripe.webhookSecret],
    apiUrl: stripe.apiUrl,
    timeoutMs: 5_000,
    ...options,
  });

beforeEach(async () => {
  stripe = await startStripeFake();
  gateway = gatewayWith();
  const workspaceId = newId();
  const method = await gateway.attach({ workspaceId, token: 'pm_card_visa', customerRef: null });
  request = { chargeId: newId(), workspaceId, amountMinor: 1_000, currency: 'usd', method, description: '500 credits' };
});
afterEach(() => stripe.stop());

const succeeded = { status: 'succeeded', chargeRef: 'pi_fake000001', amountMinor: 1_000, currency: 'usd' };
async function expectUnavailable(work: Promise<unknown>, retryAfterSeconds = 30): Promise<unknown> {
  const err: unknown = await work.then(
    (outcome) => expect.unreachable(`an unknown outcome was told as ${inspect(outcome)}`),
    (thrown: unknown) => thrown,
  );
  expect(err).toSatisfy(PaymentsUnavailable.is);
  expect(err).toMatchObject({ details: { retryAfterSeconds } });
  return err;
}

test.each<[string, StripeFault]>([
  ['the connection breaks before', { kind: 'disconnect', when: 'before' }],
  ['the connection breaks after', { kind: 'disconnect', when: 'after' }],
  ['Stripe fails before, and keeps nothing', { kind: 'answer', when: 'before', status: 503, isStored: false }],
  ['Stripe fails after, and keeps that answer', { kind: 'answer', when: 'after', status: 500 }],
  ['Stripe limits the rate', { kind: 'answer', when: 'before', status: 429 }],
])('%s: the outcome is unknown, and asking again makes one charge', async (_, fault) => {
  stripe.failNext('payment_intents.create', fault);
  await expectUnavailable(gateway.charge(request));
  expect(await gateway.charge(request)).toEqual(succeeded);
  expect(await gateway.charge(request)).toEqual(succeeded);
  expect(stripe.payments()).toEqual([{ intentId: 'pi_fake000001', chargeId: request.chargeId, amount: 1_000 }]);
});

describe('an answer that was lost', () => {
  test('a day later, when its key is forgotten, there is still one charge', async () => {
    stripe.failNext('payment_intents.create', { kind: 'disconnect', when: 'after' });
    await expectUnavailable(gateway.charge(request));
    stripe.forgetIdempotencyKeys();
    expect(await gateway.charge(request)).toEqual(succeeded);
    expect(stripe.payments()).toHaveLength(1);
  });

  test('asked again with another amount and another card, it is the first charge', async () => {
    stripe.failNext('payment_intents.create', { kind: 'disconnect', when: 'after' });
    await expectUnavailable(gateway.charge(request));
    const { customerRef } = request.method;
    const method = await gateway.attach({ workspaceId: newId(), token: 'pm_card_mastercard', customerRef });
    expect(await gateway.charge({ ...request, amountMinor: 2_000, method })).toEqual(succeeded);
    expect(stripe.payments()).toHaveLength(1);
  });

  test('is found behind a hundred other charges', async () => {
    const first = { ...request, chargeId: newId() };
    stripe.failNext('payment_intents.create', { kind: 'disconnect', when: 'after' });
    await expectUnavailable(gateway.charge(first));
    for (let count = 0; count < 101; count += 1) await gateway.charge({ ...request, chargeId: newId() });
    stripe.forgetIdempotencyKeys();
    expect(await gateway.charge(first)).toEqual(succeeded);
    expect(stripe.payments()).toHaveLength(102);
  });
});

test('at the same time, one attempt charges and the others do not know yet', async () => {
  const { met } = stripe.failNext('payment_intents.create', { kind: 'hold', when: 'before' });
  const first = gateway.charge(request);
  await met;
  await expectUnavailable(gateway.charge(request));
  stripe.release();
  expect(await first).toEqual(succeeded);
  expect(await gateway.charge(request)).toEqual(succeeded);
  expect(stripe.payments()).toHaveLength(1);
});

test('other parameters under a key that is taken say nothing of the charge', async () => {
  stripe.failNext('payment_intents.create', { kind: 'answer', when: 'before', status: 500 });
  await expectUnavailable(gateway.charge(request));
  await expectUnavailable(gateway.charge({ ...request, amountMinor: 2_000 }));
  expect(stripe.payments()).toEqual([]);
});

describe('time', () => {
  test.each<[string, StripeFault]>([
    ['no answer at all', { kind: 'hold', when: 'before' }],
    ['no answer after the charge', { kind: 'hold', when: 'after' }],
    ['half an answer', { kind: 'stall', when: 'after' }],
  ])('%s ends at the deadline', async (_, fault) => {
    stripe.failNext('payment_intents.create', fault);
    const startedAt = performance.now();
    await expectUnavailable(gatewayWith({ timeoutMs: 300 }).charge(request));
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    stripe.release();
    expect(await gateway.charge(request)).toEqual(succeeded);
    expect(stripe.payments()).toHaveLength(1);
  });

  test('the deadline holds for all requests of a charge together', async () => {
    const { met } = stripe.failNext('payment_intents.list', { kind: 'hold', when: 'before' });
    const held = expectUnavailable(gatewayWith({ timeoutMs: 300 }).charge(request));
    await met;
    await held;
    stripe.release();
    expect(stripe.payments()).toEqual([]);
  });

  test('whoever asked may give up', async () => {
    const { met } = stripe.failNext('payment_intents.create', { kind: 'hold', when: 'before' });
    const controller = new AbortController();
    // A deadline later than the end of this test.
    const patient = gatewayWith({ timeoutMs: 300_000 });
    const charging = expectUnavailable(patient.charge(request, controller.signal));
    await met;
    controller.abort();
    await charging;
    await expectUnavailable(patient.charge({ ...request, chargeId: newId() }, AbortSignal.abort()));
    expect(stripe.payments()).toEqual([]);
  });

  test.each([
    [7, 7],
    [0, 1],
    [999_999, 3_600],
  ])('Retry-After %i is passed on as %i', async (given, told) => {
    const fault: StripeFault = { kind: 'answer', when: 'before', status: 429, retryAfterSeconds: given };
    stripe.failNext('payment_intents.create', fault);
    await expectUnavailable(gateway.charge(request), told);
  });
});

test.each<[string, () => Promise<unknown>]>([
  ['attach', () => gateway.attach({ workspaceId: newId(), token: 'pm_card_visa', customerRef: null })],
  ['charge', () => gateway.charge(request)],
  ['find by reference', () => gateway.find({ chargeId: newId(), chargeRef: 'pi_fake000001' })],
  ['find by id', () => gateway.find({ chargeId: newId(), chargeRef: null })],
  ['cancel', () => gateway.cancel('pi_fake000001')],
])('%s says so when nobody answers', async (_, work) => {
  const { apiUrl } = stripe;
  await stripe.stop();
  try {
    await expectUnavailable(work());
  } finally {
    stripe = await startStripeFake();
  }
  expect(stripe.apiUrl).not.toBe(apiUrl);
});

test('a customer is made once, even when the answer is lost', async () => {
  const input = { workspaceId: newId(), token: 'pm_card_visa', customerRef: null };
  stripe.failNext('customers.create', { kind: 'disconnect', when: 'after' });
  await expectUnavailable(gateway.attach(input));
  stripe.failNext('payment_methods.attach', { kind: 'disconnect', when: 'after' });
  await expectUnavailable(gateway.attach(input));
  const { customerRef } = await gateway.attach(input);
  expect(customerRef).toBe('cus_fake000002');
  expect(stripe.customerCount()).toBe(2);
});

test('a mistake of ours is no decline of theirs', async () => {
  await expectUnavailable(gateway.charge({ ...request, amountMinor: 99.5 }));
  expect(stripe.intents()).toEqual([]);
});

test('an amount that Stripe never takes is refused for good', async () => {
  const refusal = { status: 'declined', chargeRef: null, reason: 'not_supported' };
  expect(await gateway.charge({ ...request, amountMinor: 1 })).toEqual(refusal);
  expect(stripe.intents()).toEqual([]);
});

describe('a customer that was deleted at Stripe', () => {
  test('cannot be charged', async () => {
    stripe.deleteCustomer(request.method.customerRef);
    expect(await gateway.charge(request)).toEqual({ status: 'declined', chargeRef: null, reason: 'method_unusable' });
  });

  test('and had been charged', async () => {
    stripe.failNext('payment_intents.create', { kind: 'disconnect', when: 'after' });
    await expectUnavailable(gateway.charge(request));
    stripe.deleteCustomer(request.method.customerRef);
    expect(await gateway.charge(request)).toEqual(succeeded);
  });
});

test('a redirect is not followed', async () => {
  const elsewhere = createServer((_, response) => {
    response.writeHead(307, { location: `${stripe.apiUrl}/v1/payment_intents` }).end();
  }).listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  const { port } = elsewhere.address() as AddressInfo; // A TCP server has one.
  const before = stripe.requests.length;
  await expectUnavailable(gatewayWith({ apiUrl: `http://127.0.0.1:${port}` }).charge(request));
  elsewhere.closeAllConnections();
  elsewhere.close();
  expect(stripe.requests).toHaveLength(before);
});

test('neither keys nor what the provider says of them are in an error', async () => {
  const secretKey = 'sk_test_wrong_987654321';
  const err = await expectUnavailable(gatewayWith({ secretKey }).charge(request));
  const told = inspect(err, { depth: Number.POSITIVE_INFINITY, showHidden: true });
  expect(told).toContain('StripeAuthenticationError, status 401');
  expect(told).not.toContain('987654321');
  expect(told).not.toContain('API Key');
});

import { CallbackRefused, PaymentMethodRefused, PaymentsUnavailable } from '@morket/contract/billing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { newId } from '../ids/index.ts';
import { type CallbackRequest, type ChargeRequest, DECLINE_REASONS, type PaymentCallback } from './payment.port.ts';
import { createSimulatedGateway, type SimulatedGateway, type SimulatedGatewayOptions } from './simulated-gateway.ts';

const SECRET = 'a secret of this test';
const NOW = Date.UTC(2026, 10, 21, 12);
let gateway: SimulatedGateway;
let received: (PaymentCallback | null)[];

const gatewayWith = (options: Partial<SimulatedGatewayOptions> = {}) =>
  createSimulatedGateway({ callbackSecrets: [SECRET], nowMs: () => NOW, ...options });
beforeEach(() => {
  received = [];
  gateway = gatewayWith();
  gateway.onCallback((request) => void received.push(gateway.readCallback(request)));
});

async function aRequest(token: string): Promise<ChargeRequest> {
  const workspaceId = newId();
  const method = await gateway.attach({ workspaceId, token, customerRef: null });
  return { chargeId: newId(), workspaceId, amountMinor: 1_000, currency: 'usd', method, description: '500 credits' };
}
const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => 'accepted',
    (err: unknown) => (PaymentMethodRefused.is(err) ? err.details.reason : err),
  );
const isUnavailable = expect.toSatisfy(PaymentsUnavailable.is);

describe('cards', () => {
  test('one token is one card, and a name after a dot makes it another that behaves alike', async () => {
    const attach = (token: string) => gateway.attach({ workspaceId: 'w', token, customerRef: 'sim_cus_w' });
    const [card, again, other] = [await attach('sim_slow'), await attach('sim_slow'), await attach('sim_slow.work')];
    expect(again).toEqual(card);
    expect(other?.fingerprint).not.toBe(card?.fingerprint);
    expect(card).toMatchObject({ customerRef: 'sim_cus_w', label: expect.stringMatching(/^simulated •••• \d{4}$/) });
  });

  test.each([
    ['sim_refused', 'card_declined'],
    ['sim_refused_insufficient_funds', 'insufficient_funds'],
    ['sim_unheard_of', 'method_unusable'],
    ['sim_decline_for_no_reason', 'method_unusable'],
    ['pm_card_visa', 'accepted'],
  ])('%s: %s', async (token, reason) => {
    expect(await reasonOf(gateway.attach({ workspaceId: 'w', token, customerRef: null }))).toBe(reason);
  });
});

test('a charge succeeds, once, and calls back, once', async () => {
  const request = await aRequest('sim_success');
  const outcome = await gateway.charge(request);
  expect(outcome).toMatchObject({ status: 'succeeded', amountMinor: 1_000, currency: 'usd' });
  expect(await gateway.charge({ ...request, amountMinor: 2_000 })).toEqual(outcome);
  expect(gateway.charges()).toEqual([{ chargeId: request.chargeId, amountMinor: 1_000, outcome }]);
  expect(await gateway.settlePending()).toBe(1);
  expect(await gateway.settlePending()).toBe(0);
  expect(received).toEqual([{ chargeId: request.chargeId, outcome }]);
});

test.each(DECLINE_REASONS)('declined: %s', async (reason) => {
  const request = await aRequest(`sim_decline_${reason}`);
  expect(await gateway.charge(request)).toMatchObject({ status: 'declined', reason });
  await gateway.settlePending();
  expect(received).toMatchObject([{ outcome: { status: 'declined', reason } }]);
});

test.each([
  ['sim_slow', 'succeeded'],
  ['sim_slow_decline', 'declined'],
])('%s is pending, until it is settled as %s', async (token, status) => {
  const request = await aRequest(token);
  const { chargeId } = request;
  const { chargeRef } = await gateway.charge(request);
  expect(await gateway.find({ chargeId, chargeRef: null })).toEqual({ status: 'pending', chargeRef });
  await gateway.cancel(chargeRef ?? '');
  expect(received).toEqual([]);
  await gateway.settlePending();
  for (const found of [
    await gateway.charge(request),
    await gateway.find({ chargeId, chargeRef }),
    await gateway.find({ chargeId, chargeRef: null }),
    received[0]?.outcome,
  ]) {
    expect(found).toMatchObject({ status });
  }
});

test('a callback that is lost leaves the poll', async () => {
  const request = await aRequest('sim_slow');
  await gateway.charge(request);
  expect(await gateway.settlePending({ deliver: false })).toBe(0);
  expect(await gateway.settlePending()).toBe(0);
  expect(received).toEqual([]);
  expect(await gateway.find({ chargeId: request.chargeId, chargeRef: null })).toMatchObject({ status: 'succeeded' });
});

test('a callback comes twice', async () => {
  await gateway.charge(await aRequest('sim_duplicate_callback'));
  expect(await gateway.settlePending()).toBe(2);
  expect(received[0]).toEqual(received[1]);
});

test.each([
  ['sim_unavailable', 1],
  ['sim_unavailable_twice', 2],
])('%s throws before it charges', async (token, failures) => {
  const request = await aRequest(token);
  for (let attempt = 0; attempt < failures; attempt += 1) {
    await expect(gateway.charge(request)).rejects.toEqual(isUnavailable);
    expect(await gateway.find({ chargeId: request.chargeId, chargeRef: null })).toBeNull();
  }
  expect(await gateway.charge(request)).toMatchObject({ status: 'succeeded' });
});

test('down stays down', async () => {
  const request = await aRequest('sim_down');
  for (let attempt = 0; attempt < 5; attempt += 1) await expect(gateway.charge(request)).rejects.toEqual(isUnavailable);
  expect(gateway.charges()).toEqual([]);
});

test('an answer that is lost has charged, once', async () => {
  const request = await aRequest('sim_lost_answer');
  await expect(gateway.charge(request)).rejects.toEqual(isUnavailable);
  const outcome = await gateway.charge(request);
  expect(outcome).toMatchObject({ status: 'succeeded' });
  expect(gateway.charges()).toHaveLength(1);
  await gateway.settlePending();
  expect(received).toEqual([{ chargeId: request.chargeId, outcome }]);
});

test('nothing is charged for whoever gave up before', async () => {
  await expect(gateway.charge(await aRequest('sim_success'), AbortSignal.abort())).rejects.toEqual(isUnavailable);
  expect(gateway.charges()).toEqual([]);
});

describe('a charge that asks for the person', () => {
  test.each([
    ['confirmed', { status: 'succeeded', amountMinor: 1_000 }],
    ['refused', { status: 'declined', reason: 'authentication_failed' }],
  ] as const)('%s', async (answer, expected) => {
    gateway = gatewayWith({ actionUrlOf: (ref) => `https://pay.example/${ref}` });
    const request = await aRequest('sim_action_required');
    const outcome = await gateway.charge(request);
    const chargeRef = `sim_ch_${request.chargeId}`;
    expect(outcome).toEqual({ status: 'action_required', chargeRef, actionUrl: `https://pay.example/${chargeRef}` });
    gateway.answerAction(chargeRef, answer);
    gateway.answerAction(chargeRef, 'confirmed');
    expect(await gateway.charge(request)).toMatchObject(expected);
  });

  test('canceled, it cannot be confirmed', async () => {
    const request = await aRequest('sim_action_required');
    const { chargeRef } = await gateway.charge(request);
    await gateway.cancel(chargeRef ?? '');
    gateway.answerAction(chargeRef ?? '', 'confirmed');
    expect(await gateway.charge(request)).toMatchObject({ status: 'declined', reason: 'canceled' });
    await gateway.settlePending();
    expect(received.map((callback) => callback?.outcome.status)).toEqual(['action_required', 'declined']);
  });
});

test('canceling what is paid or unknown changes nothing', async () => {
  const request = await aRequest('sim_success');
  const { chargeRef } = await gateway.charge(request);
  for (const ref of [chargeRef ?? '', 'sim_ch_unknown']) await gateway.cancel(ref);
  expect(await gateway.charge(request)).toMatchObject({ status: 'succeeded' });
});

test('a callback that is not accepted is told of, comes again, and is given up after five times', async () => {
  const failing = gatewayWith();
  const listener = vi.fn(() => Promise.reject(new Error('not now')));
  failing.onCallback(listener);
  await failing.charge(await aRequest('sim_success'));
  for (let round = 0; round < 5; round += 1) await expect(failing.settlePending()).rejects.toThrow(AggregateError);
  expect(await failing.settlePending()).toBe(0);
  expect(listener).toHaveBeenCalledTimes(5);
});

describe('callbacks are signed', () => {
  const requestOf = async (): Promise<CallbackRequest> => {
    const requests: CallbackRequest[] = [];
    gateway.onCallback((request) => void requests.push(request));
    await gateway.charge(await aRequest('sim_success'));
    await gateway.settlePending();
    const [request] = requests;
    return request ?? expect.unreachable('a charge calls back');
  };
  const reason = (request: CallbackRequest, by = gateway) => {
    try {
      by.readCallback(request);
    } catch (err) {
      if (CallbackRefused.is(err)) return err.details.reason;
      throw err;
    }
    return 'accepted';
  };

  test('by the secret, for this body, and for five minutes', async () => {
    const request = await requestOf();
    expect(reason(request)).toBe('accepted');
    expect(reason({ ...request, body: Buffer.from(request.body.toString().replace('1000', '9000')) })).toBe(
      'bad_signature',
    );
    expect(reason({ headers: {}, body: request.body })).toBe('missing_signature');
    expect(reason(request, gatewayWith({ nowMs: () => NOW + 301_000 }))).toBe('too_old');
    expect(reason(request, gatewayWith({ callbackSecrets: ['another', SECRET] }))).toBe('accepted');
    expect(reason(request, gatewayWith({ callbackSecrets: ['another'] }))).toBe('bad_signature');
  });
});

describe('by itself', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('it settles and calls back after the given time, and again where that failed', async () => {
    const own = gatewayWith({ settleAfterMs: 2_000 });
    const callbacks: unknown[] = [];
    own.onCallback((request) => {
      callbacks.push(own.readCallback(request));
      if (callbacks.length === 1) throw new Error('not now');
    });
    const request = await aRequest('sim_slow');
    await own.charge(request);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(callbacks).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(callbacks).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(callbacks).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });
});

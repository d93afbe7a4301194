import { CallbackRefused } from '@morket/contract/billing';
import { type StripeFake, type StripeFakeDelivery, startStripeFake } from '@morket/testing/stripe-fake';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../ids/index.ts';
import type { ChargeRequest, PaymentGateway } from './payment.port.ts';
import { createStripeGateway } from './stripe-gateway.ts';

let stripe: StripeFake;
let gateway: PaymentGateway;
const gatewayWith = (webhookSecrets: string[]) =>
  createStripeGateway({ secretKey: stripe.secretKey, webhookSecrets, apiUrl: stripe.apiUrl, timeoutMs: 5_000 });

beforeEach(async () => {
  stripe = await startStripeFake();
  gateway = gatewayWith([stripe.webhookSecret]);
});
afterEach(() => stripe.stop());

async function aCharge(token = 'pm_card_visa'): Promise<ChargeRequest> {
  const workspaceId = newId();
  const method = await gateway.attach({ workspaceId, token, customerRef: null });
  const request = { chargeId: newId(), workspaceId, amountMinor: 1_000, currency: 'usd', method, description: '' };
  await gateway.charge({ ...request, description: 'x' });
  return request;
}
const read = (delivery: StripeFakeDelivery) => gateway.readCallback(delivery);
const reasonOf = (delivery: StripeFakeDelivery, by = gateway): unknown => {
  try {
    by.readCallback(delivery);
  } catch (err) {
    if (CallbackRefused.is(err)) return err.details.reason;
    throw err;
  }
  return 'accepted';
};
const eventOf = (type: string) => stripe.events.find((event) => event.type === type);

describe('what an event tells', () => {
  test('a charge that succeeded; that it was made is no news', async () => {
    const { chargeId } = await aCharge();
    expect(stripe.events.map(({ type }) => type)).toEqual(['payment_intent.created', 'payment_intent.succeeded']);
    expect(stripe.events.map((event) => read(stripe.signed(event)))).toEqual([
      null,
      { chargeId, outcome: { status: 'succeeded', chargeRef: 'pi_fake000001', amountMinor: 1_000, currency: 'usd' } },
    ]);
  });

  test('one that was declined, one that asks for the person, and one that was voided', async () => {
    const declined = await aCharge('pm_card_chargeCustomerFail');
    expect(read(stripe.signed(eventOf('payment_intent.payment_failed')))).toEqual({
      chargeId: declined.chargeId,
      outcome: { status: 'declined', chargeRef: 'pi_fake000001', reason: 'card_declined' },
    });
    const asking = await aCharge('pm_card_authenticationRequired');
    expect(read(stripe.signed(stripe.events.at(-1)))).toEqual({
      chargeId: asking.chargeId,
      outcome: { status: 'action_required', chargeRef: 'pi_fake000002', actionUrl: null },
    });
    await gateway.cancel('pi_fake000002');
    expect(read(stripe.signed(eventOf('payment_intent.canceled')))).toMatchObject({
      chargeId: asking.chargeId,
      outcome: { status: 'declined', reason: 'canceled' },
    });
  });

  test('nothing of what others do on the same account', async () => {
    await aCharge();
    const event = eventOf('payment_intent.succeeded');
    const others = { ...event, data: { object: { ...Object(event?.data.object), metadata: {} } } };
    expect(read(stripe.signed(others))).toBeNull();
    expect(read(stripe.signed({ ...event, type: 'customer.created', data: { object: {} } }))).toBeNull();
  });

  test('the same, twice and late', async () => {
    await aCharge();
    const event = eventOf('payment_intent.succeeded');
    const [now, later] = [stripe.signed(event), stripe.signed(event, { atMs: Date.now() - 200_000 })];
    expect(read(later)).toEqual(read(now));
  });
});

describe('who may tell it', () => {
  test('nobody without the secret, and nobody who changed it on the way', async () => {
    await aCharge();
    const event = eventOf('payment_intent.succeeded');
    const { headers, body } = stripe.signed(event);
    expect(reasonOf(stripe.signed(event, { secrets: ['whsec_guessed'] }))).toBe('bad_signature');
    expect(reasonOf({ headers, body: Buffer.from(body.toString().replace('1000', '9000')) })).toBe('bad_signature');
    expect(reasonOf({ headers, body: Buffer.from(JSON.stringify(event)) })).toBe('bad_signature');
    expect(reasonOf({ headers: {}, body })).toBe('missing_signature');
    expect(reasonOf({ headers: { 'stripe-signature': 'v1=x' }, body })).toBe('malformed');
  });

  test('nobody who kept it for later', async () => {
    await aCharge();
    expect(reasonOf(stripe.signed(stripe.events.at(-1), { atMs: Date.now() - 302_000 }))).toBe('too_old');
  });

  test('whoever has the old or the new secret, while it is replaced', async () => {
    await aCharge();
    const event = stripe.events.at(-1);
    const both = gatewayWith(['whsec_new', stripe.webhookSecret]);
    expect(reasonOf(stripe.signed(event), both)).toBe('accepted');
    expect(reasonOf(stripe.signed(event, { secrets: ['whsec_new'] }), both)).toBe('accepted');
    expect(reasonOf(stripe.signed(event, { secrets: ['whsec_new', stripe.webhookSecret] }))).toBe('accepted');
    expect(reasonOf(stripe.signed(event), gatewayWith(['whsec_new']))).toBe('bad_signature');
  });

  test.each([
    ['a list', []],
    ['text', 'payment_intent.succeeded'],
    ['no intent', { type: 'payment_intent.succeeded', data: { object: {} } }],
  ])('signed, but %s: malformed', (_, event) => {
    expect(reasonOf(stripe.signed(event))).toBe('malformed');
  });
});

import { PaymentMethodRefused } from '@morket/contract/billing';
import { type StripeFake, startStripeFake } from '@morket/testing/stripe-fake';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../ids/index.ts';
import type { ChargeRequest, PaymentGateway } from './payment.port.ts';
import { createStripeGateway, type StripeGatewayOptions } from './stripe-gateway.ts';

const WORKSPACE = newId();
let stripe: StripeFake;
let gateway: PaymentGateway;
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
});
afterEach(() => stripe.stop());

const attach = (token: string, customerRef: string | null = null) =>
  gateway.attach({ workspaceId: WORKSPACE, token, customerRef });
async function aRequest(token = 'pm_card_visa'): Promise<ChargeRequest> {
  const chargeId = newId();
  const method = await attach(token);
  return { chargeId, workspaceId: WORKSPACE, amountMinor: 1_000, currency: 'usd', method, description: '500 credits' };
}
const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => 'accepted',
    (err: unknown) => (PaymentMethodRefused.is(err) ? err.details.reason : err),
  );

describe('attach', () => {
  test('a card gets a customer, a label and the fingerprint of the card rather than of its attachment', async () => {
    const first = await attach('pm_card_visa');
    expect(first).toMatchObject({ label: 'visa •••• 4242', customerRef: expect.stringMatching(/^cus_/) });
    const again = await attach('pm_card_visa', first.customerRef);
    expect(again.fingerprint).toBe(first.fingerprint);
    expect(again.methodRef).not.toBe(first.methodRef);
    expect((await attach('pm_card_mastercard', first.customerRef)).fingerprint).not.toBe(first.fingerprint);
    expect(stripe.customerCount()).toBe(1);
  });

  test('asked for again, it gives the same card of the same customer', async () => {
    const first = await attach('pm_card_visa');
    expect(await attach(first.methodRef)).toEqual(first);
    expect(await attach(first.methodRef, first.customerRef)).toEqual(first);
    expect(stripe.customerCount()).toBe(1);
  });

  test.each([
    ['pm_card_chargeDeclined', 'card_declined'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
    ['pm_card_visa_chargeDeclinedStolenCard', 'card_declined'],
    ['pm_card_chargeDeclinedExpiredCard', 'card_expired'],
    ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_details'],
    ['pm_card_chargeDeclinedProcessingError', 'try_again'],
    ['pm_unheard_of', 'method_unusable'],
    ['../customers', 'method_unusable'],
  ])('%s is refused: %s', async (token, reason) => {
    expect(await reasonOf(attach(token))).toBe(reason);
  });

  test("another customer's card, and one that was taken away, are refused", async () => {
    const { methodRef } = await attach('pm_card_visa');
    expect(await reasonOf(gateway.attach({ workspaceId: newId(), token: methodRef, customerRef: null }))).toBe(
      'method_unusable',
    );
    stripe.detach(methodRef);
    expect(await reasonOf(attach(methodRef))).toBe('method_unusable');
  });
});

describe('charge', () => {
  test('succeeds with what was paid, under the pinned version, our id as the key, and nothing told about this machine', async () => {
    const request = await aRequest();
    const outcome = await gateway.charge(request);
    expect(outcome).toEqual({
      status: 'succeeded',
      chargeRef: expect.stringMatching(/^pi_/),
      amountMinor: 1_000,
      currency: 'usd',
    });
    const sent = stripe.requests.find(({ operation }) => operation === 'payment_intents.create');
    expect(sent?.headers).toMatchObject({ 'stripe-version': '2026-10-28.endive', 'idempotency-key': request.chargeId });
    expect(sent?.headers).not.toHaveProperty('x-stripe-client-telemetry');
    expect(sent?.headers['x-stripe-client-user-agent']).not.toMatch(/telemetry_id|platform/);
    expect(Object.fromEntries(sent?.params ?? [])).toMatchObject({
      'metadata[charge_id]': request.chargeId,
      'metadata[workspace_id]': WORKSPACE,
      off_session: 'true',
    });
  });

  test('declines with a reason of ours, as often as it is asked', async () => {
    const request = await aRequest();
    stripe.bankAnswersNext({ kind: 'declines', code: 'card_declined', declineCode: 'insufficient_funds' });
    const outcome = await gateway.charge(request);
    expect(outcome).toMatchObject({ status: 'declined', reason: 'insufficient_funds' });
    expect(await gateway.charge(request)).toEqual(outcome);
    expect(await gateway.find({ chargeId: request.chargeId, chargeRef: 'pi_fake000001' })).toEqual(outcome);
    expect(stripe.payments()).toEqual([]);
  });

  test('a card that attaches and then fails', async () => {
    expect(await gateway.charge(await aRequest('pm_card_chargeCustomerFail'))).toMatchObject({
      status: 'declined',
      reason: 'card_declined',
    });
  });

  test('a card that was taken away is declined, and no attempt is left behind', async () => {
    const request = await aRequest();
    stripe.detach(request.method.methodRef);
    const gone = { status: 'declined', chargeRef: null, reason: 'method_unusable' };
    expect(await gateway.charge(request)).toEqual(gone);
    expect(stripe.intents()).toEqual([]);
  });

  test('is pending while it is processed, and settles', async () => {
    const request = await aRequest();
    stripe.bankAnswersNext({ kind: 'processes' });
    const outcome = await gateway.charge(request);
    expect(outcome).toEqual({ status: 'pending', chargeRef: 'pi_fake000001' });
    stripe.settle('pi_fake000001');
    expect(await gateway.charge(request)).toMatchObject({ status: 'succeeded' });
    expect(await gateway.find({ chargeId: request.chargeId, chargeRef: 'pi_fake000001' })).toMatchObject({
      status: 'succeeded',
    });
  });
});

describe('a bank that wants the person', () => {
  test('without a page to return to, it waits', async () => {
    const request = await aRequest('pm_card_authenticationRequired');
    const outcome = await gateway.charge(request);
    expect(outcome).toEqual({ status: 'action_required', chargeRef: 'pi_fake000001', actionUrl: null });
    expect(await gateway.charge(request)).toEqual(outcome);
  });

  test.each([
    ['confirmed', { status: 'succeeded', amountMinor: 1_000 }],
    ['refused', { status: 'declined', reason: 'authentication_failed' }],
  ] as const)('with one, the person is sent there once, and it is %s', async (answer, expected) => {
    gateway = gatewayWith({ returnUrl: 'https://app.example.com/billing' });
    const request = await aRequest('pm_card_authenticationRequired');
    const outcome = await gateway.charge(request);
    expect(outcome).toMatchObject({ status: 'action_required', actionUrl: expect.stringMatching(/^https:/) });
    expect(await gateway.charge(request)).toEqual(outcome);
    expect(stripe.intents()).toHaveLength(1);
    stripe.answerAction('pi_fake000001', answer);
    expect(await gateway.charge(request)).toMatchObject(expected);
    expect(await gateway.find({ chargeId: request.chargeId, chargeRef: 'pi_fake000001' })).toMatchObject(expected);
  });

  test('a confirmation whose answer is lost is found again', async () => {
    gateway = gatewayWith({ returnUrl: 'https://app.example.com/billing' });
    const request = await aRequest('pm_card_authenticationRequired');
    stripe.failNext('payment_intents.confirm', { kind: 'disconnect', when: 'after' });
    await expect(gateway.charge(request)).rejects.toMatchObject({ code: 'billing.payments_unavailable' });
    expect(await gateway.charge(request)).toMatchObject({ status: 'action_required', actionUrl: expect.any(String) });
  });
});

describe('find', () => {
  test('without a reference it sees what search sees', async () => {
    const request = await aRequest();
    await gateway.charge(request);
    const { chargeId } = request;
    expect(await gateway.find({ chargeId, chargeRef: null })).toBeNull();
    stripe.indexSearch();
    expect(await gateway.find({ chargeId, chargeRef: null })).toMatchObject({ status: 'succeeded' });
    expect(await gateway.find({ chargeId: `' OR metadata['charge_id']:'${chargeId}`, chargeRef: null })).toBeNull();
  });

  test('null for what does not exist', async () => {
    expect(await gateway.find({ chargeId: newId(), chargeRef: 'pi_unheard_of' })).toBeNull();
  });
});

describe('cancel', () => {
  test('voids what waits for the person, and what was declined keeps its reason', async () => {
    const asking = await gateway.charge(await aRequest('pm_card_authenticationRequired'));
    const declined = await gateway.charge(await aRequest('pm_card_chargeCustomerFail'));
    for (const [outcome, reason] of [
      [asking, 'canceled'],
      [declined, 'card_declined'],
    ] as const) {
      const chargeRef = outcome.chargeRef ?? '';
      await gateway.cancel(chargeRef);
      await gateway.cancel(chargeRef);
      expect(await gateway.find({ chargeId: newId(), chargeRef })).toMatchObject({ status: 'declined', reason });
    }
    expect(stripe.intents().map(({ status }) => status)).toEqual(['canceled', 'canceled']);
  });

  test('leaves alone what is paid, being paid or unknown', async () => {
    const paid = await gateway.charge(await aRequest());
    stripe.bankAnswersNext({ kind: 'processes' });
    const pending = await gateway.charge(await aRequest());
    for (const chargeRef of [paid.chargeRef, pending.chargeRef, 'pi_unheard_of']) await gateway.cancel(chargeRef ?? '');
    expect(stripe.intents().map(({ status }) => status)).toEqual(['succeeded', 'processing']);
  });
});

test.each(['http://api.example.com', 'https://api.example.com/v2', 'ftp://127.0.0.1'])(
  'the secret key is not sent to %s',
  (apiUrl) => {
    expect(() => gatewayWith({ apiUrl })).toThrow('https origin');
  },
);
test('no gateway without secrets', () => {
  expect(() => gatewayWith({ webhookSecrets: [] })).toThrow('none of them may be empty');
  expect(() => gatewayWith({ secretKey: ' ' })).toThrow('none of them may be empty');
});

import { expect, test } from 'vitest';
import { DECLINE_REASONS } from './payment.port.ts';
import { declineReason, outcomeOf, type StripeIntent } from './stripe-outcome.model.ts';

const intent = (facts: Partial<StripeIntent>): StripeIntent => ({
  id: 'pi_1',
  status: 'succeeded',
  amount_received: 1_000,
  currency: 'usd',
  metadata: {},
  ...facts,
});
const poor = { code: 'card_declined', decline_code: 'insufficient_funds' };
const asks = { code: 'authentication_required', decline_code: 'authentication_required' };

test.each<[string, Partial<StripeIntent>, object]>([
  ['succeeded', {}, { status: 'succeeded', chargeRef: 'pi_1', amountMinor: 1_000, currency: 'usd' }],
  ['processing', { status: 'processing' }, { status: 'pending' }],
  ['not yet captured', { status: 'requires_capture' }, { status: 'pending' }],
  ['declined', { status: 'requires_payment_method', last_payment_error: poor }, { reason: 'insufficient_funds' }],
  ['declined, then voided', { status: 'canceled', last_payment_error: poor }, { reason: 'insufficient_funds' }],
  ['voided', { status: 'canceled' }, { status: 'declined', reason: 'canceled' }],
  ['asked for, then voided', { status: 'canceled', last_payment_error: asks }, { reason: 'canceled' }],
  ['asked for', { status: 'requires_payment_method', last_payment_error: asks }, { status: 'action_required' }],
  [
    'asked for with a page',
    { status: 'requires_action', next_action: { redirect_to_url: { url: 'https://bank.example/' } } },
    { status: 'action_required', actionUrl: 'https://bank.example/' },
  ],
  ['asked for without a page', { status: 'requires_action', next_action: {} }, { actionUrl: null }],
  [
    'refused by the person',
    { status: 'requires_payment_method', last_payment_error: { code: 'payment_intent_authentication_failure' } },
    { status: 'declined', reason: 'authentication_failed' },
  ],
])('%s', (_, facts, expected) => {
  expect(outcomeOf(intent(facts))).toMatchObject(expected);
});

test.each(['fraudulent', 'lost_card', 'stolen_card', 'pickup_card', 'merchant_blacklist', 'a_code_of_tomorrow'])(
  '%s is told as nothing but a decline',
  (declineCode) => {
    expect(declineReason({ code: 'card_declined', decline_code: declineCode })).toBe('card_declined');
  },
);

test.each(['constructor', '__proto__', 'toString'])('the code %s is no reason', (code) => {
  expect(DECLINE_REASONS).toContain(declineReason({ code, decline_code: code }));
});

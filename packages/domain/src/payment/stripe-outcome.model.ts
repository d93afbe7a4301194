import { z } from 'zod';
import type { ChargeOutcome, DeclineReason } from './payment.port.ts';

const Failure = z.object({ code: z.string().nullish(), decline_code: z.string().nullish() });
type Failure = z.infer<typeof Failure>;

/** What we read of a PaymentIntent, the same in answers, errors and callbacks. */
export const StripeIntent = z.object({
  id: z.string(),
  status: z.enum([
    'canceled',
    'processing',
    'requires_action',
    'requires_capture',
    'requires_confirmation',
    'requires_payment_method',
    'succeeded',
  ]),
  amount_received: z.int(),
  currency: z.string(),
  metadata: z.record(z.string(), z.string()),
  last_payment_error: Failure.nullish(),
  next_action: z.object({ redirect_to_url: z.object({ url: z.string().nullish() }).nullish() }).nullish(),
});
export type StripeIntent = z.infer<typeof StripeIntent>;

/**
 * https://docs.stripe.com/declines/codes. What is not listed is `card_declined`: among it fraud, lost and stolen cards,
 * which Stripe asks not to tell whoever holds the card.
 */
const REASONS: ReadonlyMap<string, DeclineReason> = new Map<string, DeclineReason>([
  ['insufficient_funds', 'insufficient_funds'],
  ['card_velocity_exceeded', 'limit_exceeded'],
  ['withdrawal_count_limit_exceeded', 'limit_exceeded'],
  ['invalid_amount', 'limit_exceeded'],
  ['card_decline_rate_limit_exceeded', 'limit_exceeded'],
  ['expired_card', 'card_expired'],
  ['incorrect_address', 'incorrect_details'],
  ['incorrect_cvc', 'incorrect_details'],
  ['incorrect_number', 'incorrect_details'],
  ['incorrect_pin', 'incorrect_details'],
  ['incorrect_zip', 'incorrect_details'],
  ['invalid_cvc', 'incorrect_details'],
  ['invalid_expiry_month', 'incorrect_details'],
  ['invalid_expiry_year', 'incorrect_details'],
  ['invalid_number', 'incorrect_details'],
  ['invalid_pin', 'incorrect_details'],
  ['card_not_supported', 'not_supported'],
  ['currency_not_supported', 'not_supported'],
  ['not_permitted', 'not_supported'],
  ['service_not_allowed', 'not_supported'],
  ['transaction_not_allowed', 'not_supported'],
  ['authentication_required', 'authentication_failed'],
  ['payment_intent_authentication_failure', 'authentication_failed'],
  ['invalid_account', 'method_unusable'],
  ['new_account_information_available', 'method_unusable'],
  ['approve_with_id', 'try_again'],
  ['duplicate_transaction', 'try_again'],
  ['issuer_not_available', 'try_again'],
  ['processing_error', 'try_again'],
  ['reenter_transaction', 'try_again'],
  ['try_again_later', 'try_again'],
]);

/** The reason of ours for what Stripe says of a refused card. */
export function declineReason({ code, decline_code: declineCode }: Failure): DeclineReason {
  return REASONS.get(declineCode ?? '') ?? REASONS.get(code ?? '') ?? 'card_declined';
}

/** The bank wants the person to confirm: charged off session, that is an error of the attempt, not yet the end of the charge. */
const asksForPerson = (failure: Failure): boolean =>
  failure.code === 'authentication_required' || failure.decline_code === 'authentication_required';

/** What a PaymentIntent that is confirmed on creation, and captured at once, says of the charge. */
export function outcomeOf(intent: StripeIntent): ChargeOutcome {
  const chargeRef = intent.id;
  const failure = intent.last_payment_error ?? null;
  switch (intent.status) {
    case 'succeeded':
      return { status: 'succeeded', chargeRef, amountMinor: intent.amount_received, currency: intent.currency };
    case 'processing':
    case 'requires_capture':
    case 'requires_confirmation':
      return { status: 'pending', chargeRef };
    case 'requires_action':
      return { status: 'action_required', chargeRef, actionUrl: intent.next_action?.redirect_to_url?.url ?? null };
    case 'requires_payment_method':
      if (failure && asksForPerson(failure)) return { status: 'action_required', chargeRef, actionUrl: null };
      return { status: 'declined', chargeRef, reason: declineReason(failure ?? {}) };
    case 'canceled':
      // Voided after a decline it is still that decline: whoever looks later reads the same reason.
      return {
        status: 'declined',
        chargeRef,
        reason: failure && !asksForPerson(failure) ? declineReason(failure) : 'canceled',
      };
  }
}

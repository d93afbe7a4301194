import { z } from 'zod';
import { defineError } from '../errors/index.ts';

const none = z.object({});
const required = z.int().meta({ examples: [120] });
const retryAfterSeconds = z.int().meta({ examples: [2] });

export const InsufficientCredits = defineError('billing.insufficient_credits', {
  kind: 'paymentRequired',
  details: z.object({ required, available: z.int().meta({ examples: [75] }) }),
  message: ({ required: wanted, available }) => `This needs ${wanted} credits; ${available} are available.`,
  remedy: 'Add credits. Under an idempotency key the refusal is final: use a new key afterwards.',
});

export const CreditLimitReached = defineError('billing.credit_limit_reached', {
  kind: 'paymentRequired',
  details: z.object({
    required,
    remaining: z.int().meta({ examples: [40] }),
    limit: z.int().meta({ examples: [1_000] }),
    resetsAt: z.iso.datetime().meta({ examples: ['2026-12-01T00:00:00.000Z'] }),
  }),
  message: ({ required: wanted, remaining, limit }) =>
    `This needs ${wanted} credits; ${remaining} of the ${limit} a billing cycle may spend are left.`,
  remedy: 'Wait for the next billing cycle, or have an owner raise the limit. Open holds count.',
});

export const BalanceTooLarge = defineError('billing.balance_too_large', {
  kind: 'conflict',
  details: z.object({ maxBalance: z.int().meta({ examples: [Number.MAX_SAFE_INTEGER] }) }),
  message: ({ maxBalance }) => `A balance holds at most ${maxBalance} credits.`,
  remedy: 'Add fewer credits.',
});

export const ExpiryInThePast = defineError('billing.expiry_in_the_past', {
  kind: 'validation',
  details: none,
  message: 'Credits that are granted expire later than now.',
  remedy: 'Give an `expiresAt` in the future, or none.',
});

export const TransactionNotFound = defineError('billing.transaction_not_found', {
  kind: 'notFound',
  details: none,
  message: 'There is no such transaction.',
  remedy: 'List the transactions of this workspace.',
});

export const NotReversible = defineError('billing.not_reversible', {
  kind: 'conflict',
  details: z.object({ reason: z.enum(['already_reversed', 'wrong_type']) }),
  message: ({ reason }) =>
    reason === 'already_reversed'
      ? 'This transaction has been reversed already.'
      : 'Only credits, debits and automatic recharges can be reversed.',
  remedy: 'Make a new credit or debit instead.',
});

export const HoldNotFound = defineError('billing.hold_not_found', {
  kind: 'notFound',
  details: none,
  message: 'There is no such hold.',
  remedy: 'List the holds of this workspace.',
});

export const HoldResolved = defineError('billing.hold_resolved', {
  kind: 'conflict',
  details: z.object({ state: z.enum(['captured', 'released', 'expired']) }),
  message: ({ state }) => `This hold is ${state}: it is resolved once.`,
  remedy: 'Open a new hold. Under an idempotency key a repeated capture gives the first answer again.',
});

export const CaptureExceedsHold = defineError('billing.capture_exceeds_hold', {
  kind: 'conflict',
  details: z.object({ required, remaining: z.int().meta({ examples: [40] }) }),
  message: ({ required: wanted, remaining }) => `This captures ${wanted} credits; ${remaining} of the hold are left.`,
  remedy: 'Capture at most what the hold has left, and debit the rest.',
});

export const PaymentMethodRequired = defineError('billing.payment_method_required', {
  kind: 'precondition',
  details: none,
  message: 'Automatic recharge needs a stored payment method.',
  remedy: 'Set a payment method first.',
});

export const PaymentMethodRefused = defineError('billing.payment_method_refused', {
  kind: 'paymentRequired',
  details: z.object({ reason: z.string().meta({ examples: ['card_declined'] }) }),
  message: ({ reason }) => `The payment provider refused this payment method: ${reason}.`,
  remedy: 'Use another payment method.',
});

export const PaymentsUnavailable = defineError('billing.payments_unavailable', {
  kind: 'unavailable',
  details: z.object({ retryAfterSeconds }),
  message: 'The payment provider cannot be reached.',
  remedy: 'Try again after `Retry-After`. No charge is made twice.',
});

export const CallbackRefused = defineError('billing.callback_refused', {
  kind: 'forbidden',
  details: z.object({ reason: z.enum(['missing_signature', 'bad_signature', 'too_old', 'malformed']) }),
  message: 'This callback does not come from the payment provider.',
  remedy: 'Sign the callback with the secret of the endpoint; its time may be five minutes off at most.',
});

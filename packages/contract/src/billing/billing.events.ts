import { z } from 'zod';
import { defineEvent } from '../events/index.ts';

const onAccount = { version: 1, aggregateType: 'billing_account' } as const;
const TRANSACTION_ID = '019aa2c6-2f4b-7b16-8d0a-9c8b7a6f5e40';
const HOLD_ID = '019aa2c7-5a3c-7d28-b1e0-4f5a6b7c8d90';
const RECHARGE_ID = '019aa2c8-6b4d-7e39-a2f1-5a6b7c8d9e01';

/** `amount` is signed: what is spent is negative. */
const movement = z.object({
  transactionId: z.string(),
  amount: z.int(),
  balanceAfter: z.int(),
  referenceId: z.string().nullable(),
});
const aMovement = (amount: number, balanceAfter: number, referenceId: string | null = null) => ({
  ...{ transactionId: TRANSACTION_ID, amount, balanceAfter, referenceId },
});

export const CreditsAdded = defineEvent('billing.credited', {
  ...onAccount,
  payload: movement,
  summary: 'Credits were added.',
  example: aMovement(500, 1_500),
});
export const CreditsDebited = defineEvent('billing.debited', {
  ...onAccount,
  payload: movement,
  summary: 'Credits were spent.',
  example: aMovement(-30, 1_470, 'run-2041'),
});
export const AutoRecharged = defineEvent('billing.auto_recharged', {
  ...onAccount,
  payload: movement,
  summary: 'Credits came in through automatic recharge.',
  example: aMovement(1_000, 1_080, RECHARGE_ID),
});
export const CreditsExpired = defineEvent('billing.expired', {
  ...onAccount,
  payload: movement,
  summary: 'Credits ran out of time before they were spent.',
  example: aMovement(-120, 1_350),
});
export const DebtRepaid = defineEvent('billing.debt_repaid', {
  ...onAccount,
  payload: movement,
  summary: 'New credits paid what an earlier reversal could not take back.',
  example: aMovement(-40, 460),
});
export const TransactionReversed = defineEvent('billing.reversed', {
  ...onAccount,
  payload: movement.extend({ reversesId: z.string(), reason: z.string(), debt: z.int() }),
  summary: 'An earlier movement was taken back by a new one; `debt` is what the workspace owes after it.',
  example: {
    ...aMovement(30, 1_500, 'run-2041'),
    ...{ reversesId: '019aa2c6-1e3a-7a05-9cf9-8b7a6f5e4d30', reason: 'The run failed', debt: 0 },
  },
});

const onHold = z.object({ holdId: z.string(), amount: z.int(), referenceId: z.string().nullable() });
const aHold = { holdId: HOLD_ID, amount: 100, referenceId: 'run-2041' };

export const HoldOpened = defineEvent('billing.hold_opened', {
  ...onAccount,
  payload: onHold.extend({ expiresAt: z.string() }),
  summary: 'Credits were set aside.',
  example: { ...aHold, expiresAt: '2026-01-15T10:30:00.000Z' },
});
export const HoldCaptured = defineEvent('billing.hold_captured', {
  ...onAccount,
  payload: onHold.extend({ transactionId: z.string(), balanceAfter: z.int(), final: z.boolean() }),
  summary:
    'Credits that were set aside were spent: `amount` is what this capture took, `final` whether it ended the hold.',
  example: { ...aHold, amount: 60, transactionId: TRANSACTION_ID, balanceAfter: 1_440, final: true },
});
export const HoldReleased = defineEvent('billing.hold_released', {
  ...onAccount,
  payload: onHold,
  summary: 'A hold was given up: `amount` is what became available again.',
  example: { ...aHold, amount: 40 },
});
export const HoldExpired = defineEvent('billing.hold_expired', {
  ...onAccount,
  payload: onHold,
  summary: 'A hold ran out of time: `amount` is what became available again.',
  example: aHold,
});

const balance = z.object({ available: z.int(), threshold: z.int() });

export const BalanceLow = defineEvent('billing.balance_low', {
  ...onAccount,
  payload: balance,
  summary: 'Once for each time the available credits fall below the threshold of automatic recharge.',
  example: { available: 80, threshold: 100 },
});
export const BalanceDepleted = defineEvent('billing.balance_depleted', {
  ...onAccount,
  payload: balance.omit({ threshold: true }),
  summary: 'Once for each time the last available credit goes.',
  example: { available: 0 },
});

export const AutoRechargeSet = defineEvent('billing.auto_recharge_set', {
  ...onAccount,
  payload: z.object({
    enabled: z.boolean(),
    threshold: z.int(),
    amount: z.int(),
    maxAmount: z.int().nullable(),
    monthlyLimit: z.int().nullable(),
    maxPurchases: z.int().nullable(),
    maxPurchasesPer: z.string().nullable(),
  }),
  summary: 'The rule of automatic recharge was set.',
  example: {
    ...{ enabled: true, threshold: 100, amount: 1_000, maxAmount: null, monthlyLimit: 10_000 },
    ...{ maxPurchases: 3, maxPurchasesPer: 'day' },
  },
});
export const CreditLimitSet = defineEvent('billing.credit_limit_set', {
  ...onAccount,
  payload: z.object({ creditLimit: z.int().nullable() }),
  summary: 'The most that may be spent in a billing cycle was set; null is no limit.',
  example: { creditLimit: 5_000 },
});
export const PaymentMethodSet = defineEvent('billing.payment_method_set', {
  ...onAccount,
  payload: z.object({ label: z.string().nullable() }),
  summary: 'A payment method was set, or taken away where `label` is null.',
  example: { label: 'visa •••• 4242' },
});

const onRecharge = z.object({ rechargeId: z.string() });
const aRecharge = { rechargeId: RECHARGE_ID };

export const RechargeOpened = defineEvent('billing.recharge_opened', {
  ...onAccount,
  payload: onRecharge,
  summary: 'A recharge is due; the payment method is charged next.',
  example: aRecharge,
});
export const RechargeSucceeded = defineEvent('billing.recharge_succeeded', {
  ...onAccount,
  payload: onRecharge.extend({
    credits: z.int(),
    amountMinor: z.int(),
    currency: z.string(),
    transactionId: z.string(),
  }),
  summary: 'A recharge was paid and its credits booked; `amountMinor` is in the smallest unit of `currency`.',
  example: { ...aRecharge, credits: 1_000, amountMinor: 1_000, currency: 'usd', transactionId: TRANSACTION_ID },
});
export const RechargeFailed = defineEvent('billing.recharge_failed', {
  ...onAccount,
  payload: onRecharge.extend({ reason: z.string(), suspended: z.boolean() }),
  summary:
    'A recharge could not be paid. `reason` is for machines; `suspended` tells that no further one comes until another payment method is set.',
  example: { ...aRecharge, reason: 'card_declined', suspended: false },
});
export const RechargeActionRequired = defineEvent('billing.recharge_action_required', {
  ...onAccount,
  payload: onRecharge.extend({ actionUrl: z.string().nullable() }),
  summary: 'The bank wants a person to confirm a recharge.',
  example: { ...aRecharge, actionUrl: 'https://pay.example.com/confirm' },
});
export const RechargeBlocked = defineEvent('billing.recharge_blocked', {
  ...onAccount,
  payload: onRecharge.extend({ reason: z.string(), until: z.string().nullable() }),
  summary: 'A limit of the rule or a built-in one stands in the way until `until`; told once for each rest.',
  example: { ...aRecharge, reason: 'monthly_limit', until: '2026-02-01T00:00:00.000Z' },
});

const ceiling = z.object({ scope: z.literal('auto_recharge'), percent: z.int(), spent: z.int(), limit: z.int() });
const aCeiling = { scope: 'auto_recharge', limit: 10_000 } as const;

export const CeilingApproached = defineEvent('billing.ceiling_approached', {
  ...onAccount,
  payload: ceiling,
  summary: 'Automatic recharge has bought a large part of what it may in a billing cycle.',
  example: { ...aCeiling, percent: 80, spent: 8_000 },
});
export const CeilingReached = defineEvent('billing.ceiling_reached', {
  ...onAccount,
  payload: ceiling,
  summary: 'Automatic recharge has bought all that it may in a billing cycle.',
  example: { ...aCeiling, percent: 100, spent: 10_000 },
});

import { z } from 'zod';
import { defineEvent } from '../events/index.ts';

const onAccount = { version: 1, aggregateType: 'billing_account' } as const;
const movement = z.object({
  transactionId: z.string(),
  amount: z.int(),
  balanceAfter: z.int(),
  referenceId: z.string().nullable(),
});
const onHold = z.object({ holdId: z.string(), amount: z.int(), referenceId: z.string().nullable() });

export const CreditsAdded = defineEvent('billing.credited', { ...onAccount, payload: movement });
export const CreditsDebited = defineEvent('billing.debited', { ...onAccount, payload: movement });
export const AutoRecharged = defineEvent('billing.auto_recharged', { ...onAccount, payload: movement });
export const CreditsExpired = defineEvent('billing.expired', { ...onAccount, payload: movement });
export const DebtRepaid = defineEvent('billing.debt_repaid', { ...onAccount, payload: movement });
export const TransactionReversed = defineEvent('billing.reversed', {
  ...onAccount,
  payload: movement.extend({ reversesId: z.string(), reason: z.string(), debt: z.int() }),
});

export const HoldOpened = defineEvent('billing.hold_opened', {
  ...onAccount,
  payload: onHold.extend({ expiresAt: z.string() }),
});
/** `amount` is what this capture took. */
export const HoldCaptured = defineEvent('billing.hold_captured', {
  ...onAccount,
  payload: onHold.extend({ transactionId: z.string(), balanceAfter: z.int(), final: z.boolean() }),
});
/** `amount` is what became available again. */
export const HoldReleased = defineEvent('billing.hold_released', { ...onAccount, payload: onHold });
export const HoldExpired = defineEvent('billing.hold_expired', { ...onAccount, payload: onHold });

const balance = z.object({ available: z.int(), threshold: z.int() });
/** Once for each time the available credits fall below the threshold of automatic recharge. */
export const BalanceLow = defineEvent('billing.balance_low', { ...onAccount, payload: balance });
/** Once for each time the last available credit goes. */
export const BalanceDepleted = defineEvent('billing.balance_depleted', {
  ...onAccount,
  payload: balance.omit({ threshold: true }),
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
});
export const CreditLimitSet = defineEvent('billing.credit_limit_set', {
  ...onAccount,
  payload: z.object({ creditLimit: z.int().nullable() }),
});
export const PaymentMethodSet = defineEvent('billing.payment_method_set', {
  ...onAccount,
  payload: z.object({ label: z.string().nullable() }),
});

const onRecharge = z.object({ rechargeId: z.string() });
/** Wakes whoever charges the payment method. */
export const RechargeOpened = defineEvent('billing.recharge_opened', { ...onAccount, payload: onRecharge });
export const RechargeSucceeded = defineEvent('billing.recharge_succeeded', {
  ...onAccount,
  payload: onRecharge.extend({
    credits: z.int(),
    amountMinor: z.int(),
    currency: z.string(),
    transactionId: z.string(),
  }),
});
/** `reason` is for machines; `suspended` tells that no further recharge comes until another payment method is set. */
export const RechargeFailed = defineEvent('billing.recharge_failed', {
  ...onAccount,
  payload: onRecharge.extend({ reason: z.string(), suspended: z.boolean() }),
});
export const RechargeActionRequired = defineEvent('billing.recharge_action_required', {
  ...onAccount,
  payload: onRecharge.extend({ actionUrl: z.string().nullable() }),
});
/** A limit of the rule or a built-in one stands in the way until `until`; told once for each rest. */
export const RechargeBlocked = defineEvent('billing.recharge_blocked', {
  ...onAccount,
  payload: onRecharge.extend({ reason: z.string(), until: z.string().nullable() }),
});

const ceiling = z.object({ scope: z.literal('auto_recharge'), percent: z.int(), spent: z.int(), limit: z.int() });
export const CeilingApproached = defineEvent('billing.ceiling_approached', { ...onAccount, payload: ceiling });
export const CeilingReached = defineEvent('billing.ceiling_reached', { ...onAccount, payload: ceiling });

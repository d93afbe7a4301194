import { z } from 'zod';
import { CreditAmount, CreditBalance, Id, pageOf, text } from '../primitives/index.ts';

export const RechargeWindow = z.enum(['hour', 'day', 'week', 'month']);
export type RechargeWindow = z.infer<typeof RechargeWindow>;

/**
 * A recharge follows the spending that leaves less than `threshold`: it buys `amount`, or as much as leads back to the threshold, if
 * that is more, and never more than `maxAmount`. `monthlyLimit` caps the credits that are bought in a billing cycle,
 * `maxPurchases` how often that happens in a window.
 */
export const SetAutoRechargeInput = z
  .object({
    enabled: z.boolean(),
    threshold: CreditBalance,
    amount: CreditBalance,
    maxAmount: CreditAmount.optional().meta({ examples: [2_000] }),
    monthlyLimit: CreditAmount.optional().meta({ examples: [10_000] }),
    maxPurchases: z.object({ count: z.int().min(1).max(1_000), per: RechargeWindow }).optional(),
  })
  .refine((input) => !input.enabled || input.amount > 0, {
    path: ['amount'],
    message: 'must be positive when auto-recharge is enabled',
  })
  .refine((input) => input.maxAmount === undefined || input.maxAmount >= input.amount, {
    path: ['maxAmount'],
    message: 'must be at least the amount',
  })
  .refine((input) => input.monthlyLimit === undefined || input.monthlyLimit >= input.amount, {
    path: ['monthlyLimit'],
    message: 'must be at least the amount',
  });
export type SetAutoRechargeInput = z.infer<typeof SetAutoRechargeInput>;

/** A token that the provider's form gave for a card; the card's number never comes here. */
export const SetPaymentMethodInput = z.object({
  token: text(200)
    .min(1)
    .meta({ examples: ['pm_card_visa'] }),
});
export type SetPaymentMethodInput = z.infer<typeof SetPaymentMethodInput>;

export const PaymentMethodSummary = z.object({ label: z.string().meta({ examples: ['visa •••• 4242'] }) });
export type PaymentMethodSummary = z.infer<typeof PaymentMethodSummary>;

export const RechargeState = z.enum(['open', 'action_required', 'succeeded', 'failed', 'blocked']);
export type RechargeState = z.infer<typeof RechargeState>;

/** One purchase of credits. `amountMinor` is in the smallest unit of `currency`; `reason` says why it came to nothing. */
export const Recharge = z.object({
  id: Id,
  state: RechargeState,
  credits: CreditAmount.nullable(),
  amountMinor: z
    .int()
    .nullable()
    .meta({ examples: [1_000] }),
  currency: z.string().meta({ examples: ['usd'] }),
  reason: z
    .string()
    .nullable()
    .meta({ examples: ['card_declined'] }),
  /** Where a person confirms the payment, while it waits for that. */
  actionUrl: z.string().nullable(),
  transactionId: Id.nullable(),
  createdAt: z.date(),
  settledAt: z.date().nullable(),
});
export type Recharge = z.infer<typeof Recharge>;
export const RechargePage = pageOf(Recharge);

/** The rule, what it has bought in this billing cycle, and why it rests, if it does. */
export const AutoRecharge = z.object({
  enabled: z.boolean(),
  threshold: CreditBalance,
  amount: CreditBalance,
  maxAmount: CreditAmount.nullable(),
  monthlyLimit: CreditAmount.nullable(),
  maxPurchases: z.object({ count: z.int(), per: RechargeWindow }).nullable(),
  boughtThisCycle: CreditBalance,
  paymentMethod: PaymentMethodSummary.nullable(),
  /** Suspended after three failures in a row, until another payment method is set. */
  suspended: z.boolean(),
  restsUntil: z.date().nullable(),
});
export type AutoRecharge = z.infer<typeof AutoRecharge>;

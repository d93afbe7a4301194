import { z } from 'zod';
import { CreditAmount, CreditBalance, Id, IdempotencyKey, line, PageInput, pageOf, text } from '../primitives/index.ts';

const Description = line(500).meta({ examples: ['March top-up'] });

export const PlanType = z.enum(['free', 'pro', 'enterprise']);
export type PlanType = z.infer<typeof PlanType>;

/** Amounts are credits; `availableCredits` = balance − held. */
export const Billing = z.object({
  workspaceId: Id,
  planType: PlanType,
  creditBalance: CreditBalance,
  heldCredits: CreditBalance,
  availableCredits: CreditBalance,
  creditLimit: CreditBalance.nullable(),
  cycleSpentCredits: CreditBalance,
  billingCycleStart: z.date(),
  billingCycleEnd: z.date(),
  autoRecharge: z.boolean(),
  autoRechargeThreshold: CreditBalance,
  autoRechargeAmount: CreditBalance,
});
export type Billing = z.infer<typeof Billing>;

export const CreditTransactionType = z.enum(['credit', 'debit', 'auto_recharge']);
export type CreditTransactionType = z.infer<typeof CreditTransactionType>;

/** `amount` is signed: a debit is negative. */
export const CreditTransaction = z.object({
  id: Id,
  workspaceId: Id,
  amount: z.int().meta({ examples: [-30] }),
  type: CreditTransactionType.meta({ examples: ['debit'] }),
  description: z.string().meta({ examples: ['Enriched 30 contacts'] }),
  referenceId: z
    .string()
    .nullable()
    .meta({ examples: ['run-2041'] }),
  balanceAfter: CreditBalance,
  createdBy: Id,
  createdAt: z.date(),
});
export type CreditTransaction = z.infer<typeof CreditTransaction>;

/** `balance` is the one after everything this call did, an automatic recharge included. */
export const Movement = z.object({ transaction: CreditTransaction, balance: CreditBalance });
export type Movement = z.infer<typeof Movement>;

export const AddCreditsInput = z.object({
  amount: CreditAmount,
  description: Description,
  idempotencyKey: IdempotencyKey.optional(),
});
export type AddCreditsInput = z.infer<typeof AddCreditsInput>;

export const DebitInput = z.object({
  amount: CreditAmount,
  description: Description,
  referenceId: text(200)
    .min(1)
    .optional()
    .meta({ examples: ['run-2041'] }),
  idempotencyKey: IdempotencyKey.optional(),
});
export type DebitInput = z.infer<typeof DebitInput>;

export const ListTransactionsInput = PageInput;
export type ListTransactionsInput = z.infer<typeof ListTransactionsInput>;
export const TransactionPage = pageOf(CreditTransaction);

/** A recharge of `amount` follows a debit that leaves less than `threshold`. */
export const SetAutoRechargeInput = z
  .object({ enabled: z.boolean(), threshold: CreditBalance, amount: CreditBalance })
  .refine((input) => !input.enabled || input.amount > 0, {
    path: ['amount'],
    message: 'must be positive when auto-recharge is enabled',
  });
export type SetAutoRechargeInput = z.infer<typeof SetAutoRechargeInput>;

/** `null` lifts the limit. */
export const SetCreditLimitInput = z.object({ creditLimit: CreditBalance.nullable() });
export type SetCreditLimitInput = z.infer<typeof SetCreditLimitInput>;

import { z } from 'zod';
import {
  CreditAmount,
  CreditBalance,
  Id,
  IdempotencyKey,
  Instant,
  line,
  PageInput,
  pageOf,
  text,
} from '../primitives/index.ts';

/** One line that tells a person what the credits were for. */
export const Description = line(500).meta({ examples: ['March top-up'] });
/** The caller's own name for what the credits pay. */
export const ReferenceId = text(200)
  .min(1)
  .meta({ examples: ['run-2041'] });

export const PlanType = z.enum(['free', 'pro', 'enterprise']);
export type PlanType = z.infer<typeof PlanType>;

/**
 * Amounts are credits; `availableCredits` = balance − held. `debtCredits` is what a reversal could no longer take back: the next
 * credits pay it first.
 */
export const Billing = z.object({
  workspaceId: Id,
  planType: PlanType,
  creditBalance: CreditBalance,
  heldCredits: CreditBalance,
  availableCredits: CreditBalance,
  debtCredits: CreditBalance,
  creditLimit: CreditBalance.nullable(),
  cycleSpentCredits: CreditBalance,
  billingCycleStart: z.date(),
  billingCycleEnd: z.date(),
  autoRecharge: z.boolean(),
  autoRechargeThreshold: CreditBalance,
  autoRechargeAmount: CreditBalance,
});
export type Billing = z.infer<typeof Billing>;

export const CreditTransactionType = z.enum([
  'credit',
  'debit',
  'auto_recharge',
  'reversal',
  'expiry',
  'debt_repayment',
]);
export type CreditTransactionType = z.infer<typeof CreditTransactionType>;

/** `amount` is signed: a debit is negative. `createdBy` is null for what time or the payment provider brought about. */
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
  /** The transaction that this one reverses. */
  reversesId: Id.nullable(),
  /** The hold that this debit captured. */
  holdId: Id.nullable(),
  createdBy: Id.nullable(),
  createdAt: z.date(),
});
export type CreditTransaction = z.infer<typeof CreditTransaction>;

/** `balance` is the one after everything this call did. */
export const Movement = z.object({ transaction: CreditTransaction, balance: CreditBalance });
export type Movement = z.infer<typeof Movement>;

/** Credits with a lower `priority` are spent first; among equals those that expire earlier, then the older ones. */
export const AddCreditsInput = z.object({
  amount: CreditAmount,
  description: Description,
  expiresAt: Instant.optional().meta({ examples: ['2027-01-01T00:00:00Z'] }),
  /** 50 unless said otherwise. */
  priority: z.int().min(0).max(100).optional(),
  idempotencyKey: IdempotencyKey.optional(),
});
export type AddCreditsInput = z.infer<typeof AddCreditsInput>;

export const DebitInput = z.object({
  amount: CreditAmount,
  description: Description,
  referenceId: ReferenceId.optional(),
  idempotencyKey: IdempotencyKey.optional(),
});
export type DebitInput = z.infer<typeof DebitInput>;

/** Takes back one credit, debit or automatic recharge by a new entry. */
export const ReverseInput = z.object({
  transactionId: Id,
  reason: Description,
  idempotencyKey: IdempotencyKey.optional(),
});
export type ReverseInput = z.infer<typeof ReverseInput>;

export const ListTransactionsInput = PageInput;
export type ListTransactionsInput = z.infer<typeof ListTransactionsInput>;
export const TransactionPage = pageOf(CreditTransaction);

export const BalanceAtInput = z.object({
  at: Instant.meta({ examples: ['2026-11-01T00:00:00Z'] }),
});
export type BalanceAtInput = z.infer<typeof BalanceAtInput>;

/** The balance that the books showed at an instant, and the entry it stands behind (null before the first). */
export const BalanceAt = z.object({ at: z.date(), balance: CreditBalance, transactionId: Id.nullable() });
export type BalanceAt = z.infer<typeof BalanceAt>;

/** A part of the balance that came by one transaction. */
export const CreditGrant = z.object({
  transactionId: Id,
  amount: CreditAmount,
  remaining: CreditBalance,
  priority: z.int().meta({ examples: [50] }),
  expiresAt: z.date().nullable(),
  createdAt: z.date(),
});
export type CreditGrant = z.infer<typeof CreditGrant>;
export const GrantPage = pageOf(CreditGrant);

/** `null` lifts the limit. */
export const SetCreditLimitInput = z.object({ creditLimit: CreditBalance.nullable() });
export type SetCreditLimitInput = z.infer<typeof SetCreditLimitInput>;

/** Where the books first say something they should not; `transactionId` when one entry is to blame. */
export const LedgerDivergence = z.object({
  check: z.string().meta({ examples: ['balance_after'] }),
  message: z.string().meta({ examples: ['entry 7 says 40 credits, the entries before it come to 45'] }),
  transactionId: Id.nullable(),
});
export type LedgerDivergence = z.infer<typeof LedgerDivergence>;

/** `headHash` stands for the whole history: keep it elsewhere, and no entry behind it can be changed unseen. */
export const LedgerVerification = z.object({
  workspaceId: Id,
  intact: z.boolean(),
  entries: z.int().meta({ examples: [128] }),
  balance: CreditBalance,
  held: CreditBalance,
  openHolds: z.int(),
  openGrants: z.int(),
  headHash: z
    .string()
    .nullable()
    .meta({ examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'] }),
  divergence: LedgerDivergence.nullable(),
});
export type LedgerVerification = z.infer<typeof LedgerVerification>;

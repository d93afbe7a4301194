import type { Billing, CreditTransaction, Hold } from '@morket/contract/billing';
import { type Account, availableOf } from './account.model.ts';
import { remainingOf } from './hold.model.ts';
import type { HoldRow } from './sheet.ts';

export type TransactionRow = {
  readonly id: string;
  readonly workspaceId: string;
  readonly amount: bigint;
  readonly type: CreditTransaction['type'];
  readonly description: string;
  readonly referenceId: string | null;
  readonly balanceAfter: bigint;
  readonly reversesId: string | null;
  readonly holdId: string | null;
  readonly createdBy: string | null;
  readonly createdAt: Date;
};

export const toTransactionDto = (row: TransactionRow): CreditTransaction => ({
  id: row.id,
  workspaceId: row.workspaceId,
  amount: Number(row.amount),
  type: row.type,
  description: row.description,
  referenceId: row.referenceId,
  balanceAfter: Number(row.balanceAfter),
  reversesId: row.reversesId,
  holdId: row.holdId,
  createdBy: row.createdBy,
  createdAt: row.createdAt,
});

export const toHoldDto = (row: HoldRow): Hold => ({
  id: row.id,
  workspaceId: row.workspaceId,
  amount: Number(row.amount),
  captured: Number(row.captured),
  remaining: Number(remainingOf(row)),
  state: row.state,
  description: row.description,
  referenceId: row.referenceId,
  expiresAt: row.expiresAt,
  createdBy: row.createdBy,
  createdAt: row.createdAt,
});

export const toBillingDto = (workspaceId: string, account: Account): Billing => ({
  workspaceId,
  planType: account.planType,
  creditBalance: Number(account.balance),
  heldCredits: Number(account.held),
  availableCredits: Number(availableOf(account)),
  debtCredits: Number(account.debt),
  creditLimit: account.creditLimit === null ? null : Number(account.creditLimit),
  cycleSpentCredits: Number(account.cycleSpent),
  billingCycleStart: account.cycleStart,
  billingCycleEnd: account.cycleEnd,
  autoRecharge: account.autoRecharge,
  autoRechargeThreshold: Number(account.autoRechargeThreshold),
  autoRechargeAmount: Number(account.autoRechargeAmount),
});

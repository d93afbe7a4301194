import type { Billing, CreditTransaction } from '@morket/contract/billing';
import { Forbidden } from '@morket/contract/errors';
import type { Reader, Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import { newId } from '../ids/index.ts';
import { type Account, availableOf, type Entry } from './billing.model.ts';

export type LockedAccount = Account & { readonly now: Date };

type TransactionRow = {
  readonly id: string;
  readonly workspaceId: string;
  readonly amount: bigint;
  readonly type: CreditTransaction['type'];
  readonly description: string;
  readonly referenceId: string | null;
  readonly balanceAfter: bigint;
  readonly createdBy: string;
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
  createdBy: row.createdBy,
  createdAt: row.createdAt,
});

export const toBillingDto = (scope: WorkspaceScope, account: Account): Billing => ({
  workspaceId: scope.workspaceId,
  planType: account.planType,
  creditBalance: Number(account.balance),
  heldCredits: Number(account.held),
  availableCredits: Number(availableOf(account)),
  creditLimit: account.creditLimit === null ? null : Number(account.creditLimit),
  cycleSpentCredits: Number(account.cycleSpent),
  billingCycleStart: account.cycleStart,
  billingCycleEnd: account.cycleEnd,
  autoRecharge: account.autoRecharge,
  autoRechargeThreshold: Number(account.autoRechargeThreshold),
  autoRechargeAmount: Number(account.autoRechargeAmount),
});

export async function insertAccount(
  tx: Tx,
  workspaceId: string,
  cycle: { readonly start: Date; readonly end: Date },
): Promise<void> {
  await tx.billingAccount.create({ data: { workspaceId, cycleStart: cycle.start, cycleEnd: cycle.end } });
}

export function getAccount(reader: Reader, scope: WorkspaceScope): Promise<Account> {
  return reader.billingAccount.findUniqueOrThrow({ where: { workspaceId: scope.workspaceId } });
}

/**
 * Takes the lock on which every movement of the workspace queues; read nothing the decision needs before it. `now` is read after
 * the wait. Throws `access.forbidden` when the workspace has been deleted meanwhile.
 */
export async function lockAccount(tx: Tx, scope: WorkspaceScope): Promise<LockedAccount> {
  const [account] = await tx.$queryRaw<LockedAccount[]>`
    select a.plan_type::text as "planType", a.balance, a.held, a.seq, a.credit_limit as "creditLimit",
           a.cycle_start as "cycleStart", a.cycle_end as "cycleEnd", a.cycle_spent as "cycleSpent",
           a.auto_recharge as "autoRecharge", a.auto_recharge_threshold as "autoRechargeThreshold",
           a.auto_recharge_amount as "autoRechargeAmount", clock_timestamp() as now
      from billing_accounts a
     where a.workspace_id = ${scope.workspaceId}::uuid and a.closed_at is null
       for update`;
  if (!account) throw Forbidden({});
  return account;
}

/** Waits for the movements under way; those that wait behind it find the account closed. */
export async function closeAccount(tx: Tx, scope: WorkspaceScope): Promise<void> {
  await tx.$executeRaw`
    update billing_accounts set closed_at = clock_timestamp() where workspace_id = ${scope.workspaceId}::uuid`;
}

/** Writes what movements change of an account. */
export async function saveMovement(tx: Tx, scope: WorkspaceScope, account: Account): Promise<void> {
  const { balance, seq, cycleStart, cycleEnd, cycleSpent } = account;
  await tx.billingAccount.update({
    where: { workspaceId: scope.workspaceId },
    data: { balance, seq, cycleStart, cycleEnd, cycleSpent },
    select: { workspaceId: true },
  });
}

/** Appends entries to the ledger, in their order, at one instant. */
export function insertEntries(
  tx: Tx,
  scope: WorkspaceScope,
  entries: readonly Entry[],
  about: { readonly description: string; readonly referenceId: string | null; readonly at: Date },
): Promise<TransactionRow[]> {
  return tx.creditTransaction.createManyAndReturn({
    data: entries.map(({ seq, amount, type, balanceAfter }) => ({
      id: newId(),
      workspaceId: scope.workspaceId,
      seq,
      amount,
      type,
      balanceAfter,
      description: type === 'auto_recharge' ? 'Automatic recharge' : about.description,
      referenceId: about.referenceId,
      createdBy: scope.actorId,
      createdAt: about.at,
    })),
  });
}

export function getTransaction(reader: Reader, scope: WorkspaceScope, id: string): Promise<TransactionRow> {
  return reader.creditTransaction.findFirstOrThrow({ where: { id, workspaceId: scope.workspaceId } });
}

/** The ledger, newest first: `seq` counts in the order in which movements took effect. */
export async function listTransactions(
  reader: Reader,
  scope: WorkspaceScope,
  { page, limit }: { readonly page: number; readonly limit: number },
) {
  const where = { workspaceId: scope.workspaceId };
  const [rows, total] = await Promise.all([
    reader.creditTransaction.findMany({ where, orderBy: { seq: 'desc' }, skip: (page - 1) * limit, take: limit }),
    reader.creditTransaction.count({ where }),
  ]);
  return { items: rows.map(toTransactionDto), total };
}

export async function saveAutoRecharge(
  tx: Tx,
  scope: WorkspaceScope,
  rule: { readonly enabled: boolean; readonly threshold: bigint; readonly amount: bigint },
): Promise<void> {
  await tx.billingAccount.update({
    where: { workspaceId: scope.workspaceId },
    data: { autoRecharge: rule.enabled, autoRechargeThreshold: rule.threshold, autoRechargeAmount: rule.amount },
  });
}

export async function saveCreditLimit(tx: Tx, scope: WorkspaceScope, creditLimit: bigint | null): Promise<void> {
  await tx.billingAccount.update({ where: { workspaceId: scope.workspaceId }, data: { creditLimit } });
}

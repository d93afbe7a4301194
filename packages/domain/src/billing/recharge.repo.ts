import type { Recharge } from '@morket/contract/billing';
import type { Reader, Tx } from '@morket/db';
import type { PastRecharge, RechargeRule } from './recharge.model.ts';

const HISTORY_DAYS = 31;
const NO_LIMITS: RechargeRule = {
  maxAmount: null,
  monthlyLimit: null,
  maxPurchases: null,
  maxPurchasesPer: null,
  failures: 0,
  failedFingerprint: null,
};

export type StoredMethod = {
  readonly customerRef: string;
  readonly methodRef: string;
  readonly fingerprint: string;
  readonly label: string;
};

export type RechargeRow = PastRecharge & {
  readonly workspaceId: string;
  readonly amountMinor: bigint | null;
  readonly currency: string | null;
  readonly chargeRef: string | null;
  /** Of the card that was charged. */
  readonly fingerprint: string | null;
  readonly reason: string | null;
  readonly actionUrl: string | null;
  readonly transactionId: string | null;
};

export const toRechargeDto = (row: RechargeRow, currency: string): Recharge => ({
  id: row.id,
  state: row.state,
  credits: row.credits === null ? null : Number(row.credits),
  amountMinor: row.amountMinor === null ? null : Number(row.amountMinor),
  currency: row.currency ?? currency,
  reason: row.reason,
  actionUrl: row.state === 'action_required' ? row.actionUrl : null,
  transactionId: row.transactionId,
  createdAt: row.createdAt,
  settledAt: row.settledAt,
});

export async function getRule(reader: Reader, workspaceId: string): Promise<RechargeRule> {
  return (await reader.rechargeRule.findUnique({ where: { workspaceId } })) ?? NO_LIMITS;
}

export async function saveRule(tx: Tx, workspaceId: string, rule: Partial<RechargeRule>): Promise<void> {
  await tx.rechargeRule.upsert({ where: { workspaceId }, create: { workspaceId, ...rule }, update: rule });
}

export function findMethod(reader: Reader, workspaceId: string, gateway: string): Promise<StoredMethod | null> {
  return reader.paymentMethod.findFirst({ where: { workspaceId, gateway } });
}

export async function saveMethod(
  tx: Tx,
  workspaceId: string,
  method: StoredMethod & { readonly gateway: string },
): Promise<void> {
  const { gateway, customerRef, methodRef, fingerprint, label } = method;
  const data = { gateway, customerRef, methodRef, fingerprint, label };
  await tx.paymentMethod.upsert({ where: { workspaceId }, create: { workspaceId, ...data }, update: data });
}

/** The account's part of the rule; the caller holds its lock. */
export async function saveOnAccount(
  tx: Tx,
  workspaceId: string,
  data: {
    readonly autoRecharge?: boolean;
    readonly autoRechargeThreshold?: bigint;
    readonly autoRechargeAmount?: bigint;
    readonly openRechargeId?: string | null;
    readonly rechargeRestsUntil?: Date | null;
  },
): Promise<void> {
  await tx.billingAccount.update({ where: { workspaceId }, data, select: { workspaceId: true } });
}

export async function insertRecharge(tx: Tx, workspaceId: string, id: string, createdAt: Date): Promise<void> {
  await tx.creditRecharge.create({ data: { workspaceId, id, createdAt } });
}

export function findRecharge(reader: Reader, workspaceId: string, id: string): Promise<RechargeRow | null> {
  return reader.creditRecharge.findUnique({ where: { workspaceId_id: { workspaceId, id } } });
}

/** The recharge that a provider's callback is about; its id is known to nobody else. */
export function findRechargeById(reader: Reader, id: string): Promise<RechargeRow | null> {
  return reader.creditRecharge.findFirst({ where: { id } });
}

/** Locks a recharge; the lock of its account comes first, but an account that is closed has none to give. Null without such a recharge. */
export async function lockRecharge(tx: Tx, workspaceId: string, id: string): Promise<RechargeRow | null> {
  await tx.$queryRaw`
    select id from credit_recharges where workspace_id = ${workspaceId}::uuid and id = ${id}::uuid for update`;
  return findRecharge(tx, workspaceId, id);
}

/** Locks the recharge under way whose lease has run out, if there is one and nobody else has just taken it. */
export async function lockWaiting(tx: Tx, workspaceId: string, now: Date): Promise<RechargeRow | null> {
  const [row] = await tx.$queryRaw<{ id: string }[]>`
    select id from credit_recharges
     where workspace_id = ${workspaceId}::uuid and state in ('open', 'action_required')
       and (leased_until is null or leased_until <= ${now})
       for update skip locked`;
  return row ? findRecharge(tx, workspaceId, row.id) : null;
}

/** Workspaces whose rule asks for a recharge that nobody has opened: its rest is over, and nobody has spent since. */
export async function listDue(reader: Reader, limit: number): Promise<string[]> {
  const rows = await reader.$queryRaw<{ workspaceId: string }[]>`
    select workspace_id as "workspaceId" from billing_accounts
     where auto_recharge and open_recharge_id is null and closed_at is null and balance - held < auto_recharge_threshold
       and (recharge_rests_until is null or recharge_rests_until <= now())
     limit ${limit}`;
  return rows.map(({ workspaceId }) => workspaceId);
}

/** Workspaces with a recharge nobody works on. */
export async function listWaiting(reader: Reader, limit: number): Promise<string[]> {
  const rows = await reader.$queryRaw<{ workspaceId: string }[]>`
    select workspace_id as "workspaceId" from credit_recharges
     where state in ('open', 'action_required') and (leased_until is null or leased_until <= now())
     order by created_at limit ${limit}`;
  return rows.map(({ workspaceId }) => workspaceId);
}

export function recentRecharges(reader: Reader, workspaceId: string, now: Date): Promise<RechargeRow[]> {
  const since = new Date(now.getTime() - HISTORY_DAYS * 86_400_000);
  return reader.creditRecharge.findMany({ where: { workspaceId, createdAt: { gte: since } } });
}

export async function saveRecharge(
  tx: Tx,
  workspaceId: string,
  id: string,
  data: Partial<{
    state: RechargeRow['state'];
    credits: bigint;
    amountMinor: bigint;
    currency: string;
    chargeRef: string | null;
    fingerprint: string;
    reason: string;
    actionUrl: string | null;
    attemptedAt: { push: Date };
    leasedUntil: Date | null;
    transactionId: string;
    settledAt: Date;
  }>,
): Promise<void> {
  await tx.creditRecharge.update({ where: { workspaceId_id: { workspaceId, id } }, data });
}

export async function listRecharges(
  reader: Reader,
  workspaceId: string,
  { page, limit }: { readonly page: number; readonly limit: number },
): Promise<{ rows: RechargeRow[]; total: number }> {
  const where = { workspaceId };
  const [rows, total] = await Promise.all([
    reader.creditRecharge.findMany({
      where,
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      skip: (page - 1) * limit,
      take: limit,
    }),
    reader.creditRecharge.count({ where }),
  ]);
  return { rows, total };
}

/** When the workspace was last given credits, by hand or by a recharge. */
export async function lastCreditAt(reader: Reader, workspaceId: string): Promise<Date | null> {
  const grant = await reader.creditGrant.findFirst({
    where: { workspaceId },
    orderBy: { seq: 'desc' },
    select: { transaction: { select: { createdAt: true } } },
  });
  return grant?.transaction.createdAt ?? null;
}

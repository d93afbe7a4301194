import type { PlanType } from '@morket/contract/billing';

/** The state of one account; amounts are credits. */
export type Account = {
  readonly planType: PlanType;
  readonly balance: bigint;
  readonly held: bigint;
  /** What a reversal found already spent. While there is any, nothing is available. */
  readonly debt: bigint;
  /** The number of the last ledger entry. */
  readonly seq: bigint;
  /** Hex; null before the first entry. */
  readonly headHash: string | null;
  readonly creditLimit: bigint | null;
  readonly cycleStart: Date;
  readonly cycleEnd: Date;
  readonly cycleSpent: bigint;
  readonly autoRecharge: boolean;
  readonly autoRechargeThreshold: bigint;
  readonly autoRechargeAmount: bigint;
  readonly openRechargeId: string | null;
  readonly rechargeRestsUntil: Date | null;
};

/** The largest balance that stays exact in JSON. */
export const MAX_BALANCE = BigInt(Number.MAX_SAFE_INTEGER);

export const availableOf = (account: Pick<Account, 'balance' | 'held'>): bigint => account.balance - account.held;

/** Billing cycles are calendar months in UTC. */
export function cycleOf(now: Date): { readonly start: Date; readonly end: Date } {
  const year = now.getUTCFullYear();
  const month = now.getUTCMonth();
  return { start: new Date(Date.UTC(year, month, 1)), end: new Date(Date.UTC(year, month + 1, 1)) };
}

/** The account in the cycle that `now` lies in: a new cycle has spent nothing. */
export function inCurrentCycle(account: Account, now: Date): Account {
  if (now < account.cycleEnd) return account;
  const { start, end } = cycleOf(now);
  return { ...account, cycleStart: start, cycleEnd: end, cycleSpent: 0n };
}

/** How long a suspended rule of automatic recharge rests: until somebody sets another card. */
export const SUSPENDED_UNTIL = new Date('9999-12-31T00:00:00Z');

/** The account after somebody has paid: a rest after a failed recharge is over, a suspension is not. */
export const afterTopUp = (account: Account): Account =>
  account.rechargeRestsUntil !== null && account.rechargeRestsUntil < SUSPENDED_UNTIL
    ? { ...account, rechargeRestsUntil: null }
    : account;

/** Whether a recharge is due: at most one is under way, and after a failure the rule rests. */
export const wantsRecharge = (account: Account, now: Date): boolean =>
  account.autoRecharge &&
  account.openRechargeId === null &&
  (account.rechargeRestsUntil === null || account.rechargeRestsUntil <= now) &&
  availableOf(account) < account.autoRechargeThreshold;

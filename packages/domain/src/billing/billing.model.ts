import type { CreditTransactionType, PlanType } from '@morket/contract/billing';

/** The state of one account; amounts are credits. */
export type Account = {
  readonly planType: PlanType;
  readonly balance: bigint;
  readonly held: bigint;
  /** The number of the last ledger entry. */
  readonly seq: bigint;
  readonly creditLimit: bigint | null;
  readonly cycleStart: Date;
  readonly cycleEnd: Date;
  readonly cycleSpent: bigint;
  readonly autoRecharge: boolean;
  readonly autoRechargeThreshold: bigint;
  readonly autoRechargeAmount: bigint;
};

/** One ledger entry to write; `amount` is signed. */
export type Entry = {
  readonly seq: bigint;
  readonly amount: bigint;
  readonly type: CreditTransactionType;
  readonly balanceAfter: bigint;
};

export type Refusal =
  | { readonly reason: 'insufficient'; readonly required: bigint; readonly available: bigint }
  | {
      readonly reason: 'limit';
      readonly required: bigint;
      readonly remaining: bigint;
      readonly limit: bigint;
      readonly resetsAt: Date;
    };

export type DebitDecision =
  | { readonly granted: true; readonly account: Account; readonly entries: readonly Entry[] }
  | { readonly granted: false; readonly account: Account; readonly refusal: Refusal };

/** The largest balance that stays exact in JSON. */
export const MAX_BALANCE = BigInt(Number.MAX_SAFE_INTEGER);

export const availableOf = (account: Account): bigint => account.balance - account.held;

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

function append(account: Account, amount: bigint, type: CreditTransactionType): { account: Account; entry: Entry } {
  const balance = account.balance + amount;
  const seq = account.seq + 1n;
  return { account: { ...account, balance, seq }, entry: { seq, amount, type, balanceAfter: balance } };
}

/** Adds credits. Null when the balance would no longer be exact. */
export function decideCredit(account: Account, amount: bigint): { account: Account; entry: Entry } | null {
  return account.balance + amount > MAX_BALANCE ? null : append(account, amount, 'credit');
}

/**
 * Held credits are spoken for and there is no overdraft. A debit recharges at most once: before it, when it is not covered but
 * would be with one recharge; else after it, when it leaves less than the threshold. A refusal changes nothing.
 */
export function decideDebit(before: Account, amount: bigint, now: Date): DebitDecision {
  const account = inCurrentCycle(before, now);
  const { creditLimit, cycleSpent, cycleEnd, autoRecharge, autoRechargeAmount, autoRechargeThreshold } = account;
  // Without a limit of the customer's there is still the one of exact numbers.
  const limit = creditLimit ?? MAX_BALANCE;
  if (cycleSpent + amount > limit) {
    const remaining = limit > cycleSpent ? limit - cycleSpent : 0n;
    const refusal = { reason: 'limit', required: amount, remaining, limit, resetsAt: cycleEnd } as const;
    return { granted: false, account, refusal };
  }
  const available = availableOf(account);
  const mayRecharge = (balance: bigint) => autoRecharge && balance + autoRechargeAmount <= MAX_BALANCE;
  const covered = amount <= available + autoRechargeAmount;
  const rechargeFirst = amount > available && covered && mayRecharge(account.balance);
  if (amount > available && !rechargeFirst) {
    return { granted: false, account, refusal: { reason: 'insufficient', required: amount, available } };
  }

  const entries: Entry[] = [];
  let current: Account = { ...account, cycleSpent: cycleSpent + amount };
  const move = (delta: bigint, type: CreditTransactionType) => {
    const { account: moved, entry } = append(current, delta, type);
    current = moved;
    entries.push(entry);
  };
  if (rechargeFirst) move(autoRechargeAmount, 'auto_recharge');
  move(-amount, 'debit');
  if (!rechargeFirst && availableOf(current) < autoRechargeThreshold && mayRecharge(current.balance)) {
    move(autoRechargeAmount, 'auto_recharge');
  }
  return { granted: true, account: current, entries };
}

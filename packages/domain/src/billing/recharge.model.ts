import type { RechargeWindow } from '@morket/contract/billing';
import { type Account, availableOf, cycleOf, MAX_BALANCE, SUSPENDED_UNTIL } from './account.model.ts';
import { greater, lesser } from './amounts.model.ts';

/** The limits of a rule, beside threshold and amount. */
export type RechargeLimits = {
  readonly maxAmount: bigint | null;
  readonly monthlyLimit: bigint | null;
  readonly maxPurchases: number | null;
  readonly maxPurchasesPer: RechargeWindow | null;
};

export type RechargeRule = RechargeLimits & {
  /** Failures in a row, all with the card of this fingerprint. */
  readonly failures: number;
  readonly failedFingerprint: string | null;
};

/** One purchase of the last weeks. */
export type PastRecharge = {
  readonly id: string;
  readonly state: 'open' | 'action_required' | 'succeeded' | 'failed' | 'blocked';
  readonly credits: bigint | null;
  readonly attemptedAt: readonly Date[];
  readonly createdAt: Date;
  readonly settledAt: Date | null;
};

export type ChargePlan =
  | { readonly kind: 'charge'; readonly credits: bigint }
  | { readonly kind: 'block'; readonly reason: BlockReason; readonly until: Date | null };
type BlockReason =
  | 'switched_off'
  | 'no_payment_method'
  | 'no_longer_needed'
  | 'suspended'
  | 'attempt_limit'
  | 'recent_failure'
  | 'purchase_limit'
  | 'monthly_limit'
  | 'balance_limit';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const ATTEMPT_WINDOW_MS = 10 * MINUTE_MS;
const MAX_ATTEMPTS = 2;
export const FAILURE_REST_MS = HOUR_MS;
const MAX_FAILURES = 3;
const WINDOW_MS: Readonly<Record<RechargeWindow, number>> = {
  hour: HOUR_MS,
  day: 24 * HOUR_MS,
  week: 7 * 24 * HOUR_MS,
  month: 30 * 24 * HOUR_MS,
};

/** Three failures in a row suspend the rule, for the card they came with. */
export const isSuspended = (rule: RechargeRule, fingerprint: string): boolean =>
  rule.failures >= MAX_FAILURES && rule.failedFingerprint === fingerprint;

/** So many milliseconds later. */
export const after = (date: Date, ms: number): Date => new Date(date.getTime() + ms);
const within = (date: Date | undefined | null, ms: number, now: Date): boolean =>
  date !== undefined && date !== null && now.getTime() - date.getTime() < ms;

/** When the provider may be asked again: two attempts in ten minutes, whatever became of them. Null: at once. */
export function attemptsRestUntil(history: readonly PastRecharge[], now: Date): Date | null {
  const recent = history
    .flatMap(({ attemptedAt }) => attemptedAt)
    .filter((at) => within(at, ATTEMPT_WINDOW_MS, now))
    .sort((a, b) => a.getTime() - b.getTime());
  const first = recent[recent.length - MAX_ATTEMPTS];
  return first ? after(first, ATTEMPT_WINDOW_MS) : null;
}

/** What automatic recharge has bought since the cycle began, purchases under way included. */
export function boughtSince(history: readonly PastRecharge[], since: Date, except?: string): bigint {
  return history
    .filter(({ id, state, createdAt }) => id !== except && isPurchase(state) && createdAt >= since)
    .reduce((sum, { credits }) => sum + (credits ?? 0n), 0n);
}
const isPurchase = (state: PastRecharge['state']): boolean => state !== 'failed' && state !== 'blocked';

/**
 * What an opened recharge buys, or why it may not. One purchase leads from what is available back to the threshold, and is never smaller
 * than the amount of the rule. `history` holds the recharges of the last 31 days; `creditedAt` is the time of the latest credit.
 */
export function planCharge(given: {
  readonly id: string;
  readonly account: Account;
  readonly rule: RechargeRule;
  readonly fingerprint: string | null;
  readonly history: readonly PastRecharge[];
  readonly creditedAt: Date | null;
  readonly now: Date;
}): ChargePlan {
  const { id, account, rule, fingerprint, history, creditedAt, now } = given;
  const block = (reason: BlockReason, until: Date | null): ChargePlan => ({ kind: 'block', reason, until });
  const available = availableOf(account);
  if (!account.autoRecharge) return block('switched_off', null);
  if (fingerprint === null) return block('no_payment_method', SUSPENDED_UNTIL);
  if (available >= account.autoRechargeThreshold) return block('no_longer_needed', null);
  if (isSuspended(rule, fingerprint)) return block('suspended', SUSPENDED_UNTIL);

  const attempts = attemptsRestUntil(history, now);
  if (attempts) return block('attempt_limit', attempts);
  const failure = history
    .filter(({ state, settledAt }) => state === 'failed' && within(settledAt, FAILURE_REST_MS, now))
    .map(({ settledAt }) => settledAt ?? now)
    .sort((a, b) => b.getTime() - a.getTime())[0];
  const isOtherCard = rule.failedFingerprint !== fingerprint;
  if (failure && !isOtherCard && !(creditedAt && creditedAt > failure)) {
    return block('recent_failure', after(failure, FAILURE_REST_MS));
  }
  const { maxPurchases, maxPurchasesPer } = rule;
  if (maxPurchases !== null && maxPurchasesPer !== null) {
    const windowMs = WINDOW_MS[maxPurchasesPer];
    const bought = history
      .filter((one) => one.id !== id && isPurchase(one.state) && within(one.createdAt, windowMs, now))
      .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
    const first = bought[bought.length - maxPurchases];
    if (first) return block('purchase_limit', after(first.createdAt, windowMs));
  }

  // A debt takes its part of whatever comes.
  const gap = account.autoRechargeThreshold - available + account.debt;
  const smallest = account.autoRechargeAmount;
  let credits = lesser(greater(gap, smallest), rule.maxAmount ?? MAX_BALANCE);
  if (rule.monthlyLimit !== null) {
    const { start, end } = cycleOf(now);
    const rest = rule.monthlyLimit - boughtSince(history, start, id);
    if (rest < smallest) return block('monthly_limit', end);
    credits = lesser(credits, rest);
  }
  if (account.balance + credits > MAX_BALANCE) return block('balance_limit', after(now, HOUR_MS));
  return { kind: 'charge', credits };
}

const MARKS = [80, 90, 100] as const;

/** The marks of a ceiling, in per cent, that spending crossed on its way from `before` to `now`. */
export const marksCrossed = (before: bigint, now: bigint, limit: bigint): readonly number[] =>
  MARKS.filter((mark) => before * 100n < limit * BigInt(mark) && now * 100n >= limit * BigInt(mark));

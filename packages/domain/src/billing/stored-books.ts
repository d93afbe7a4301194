import { Prisma } from '@morket/db';
import type { Account } from './account.model.ts';
import type { Grant } from './grant.model.ts';

/** An account as JSON, where `a` is its row. No amount exceeds what JSON can hold; times are milliseconds since the epoch. */
export const ACCOUNT_JSON = Prisma.sql`json_build_object(
  'w', a.workspace_id, 'plan', a.plan_type, 'balance', a.balance, 'held', a.held, 'debt', a.debt, 'seq', a.seq,
  'hash', encode(a.head_hash, 'hex'), 'limit', a.credit_limit, 'start', extract(epoch from a.cycle_start) * 1000,
  'end', extract(epoch from a.cycle_end) * 1000, 'spent', a.cycle_spent, 'auto', a.auto_recharge,
  'threshold', a.auto_recharge_threshold, 'amount', a.auto_recharge_amount, 'open', a.open_recharge_id,
  'rests', extract(epoch from a.recharge_rests_until) * 1000)`;

export type AccountJson = {
  readonly w: string;
  readonly plan: Account['planType'];
  readonly balance: number;
  readonly held: number;
  readonly debt: number;
  readonly seq: number;
  readonly hash: string | null;
  readonly limit: number | null;
  readonly start: number;
  readonly end: number;
  readonly spent: number;
  readonly auto: boolean;
  readonly threshold: number;
  readonly amount: number;
  readonly open: string | null;
  readonly rests: number | null;
};

const dateOf = (epochMs: number | null): Date | null => (epochMs === null ? null : new Date(epochMs));

export const toAccount = (row: AccountJson): Account => ({
  ...{ planType: row.plan, balance: BigInt(row.balance), held: BigInt(row.held), debt: BigInt(row.debt) },
  ...{ seq: BigInt(row.seq), headHash: row.hash, creditLimit: row.limit === null ? null : BigInt(row.limit) },
  ...{ cycleStart: new Date(row.start), cycleEnd: new Date(row.end), cycleSpent: BigInt(row.spent) },
  ...{ autoRecharge: row.auto, autoRechargeThreshold: BigInt(row.threshold), autoRechargeAmount: BigInt(row.amount) },
  ...{ openRechargeId: row.open, rechargeRestsUntil: dateOf(row.rests) },
});

/** A grant as JSON, where `g` is its row. */
export const GRANT_JSON = Prisma.sql`json_build_object(
  'w', g.workspace_id, 'seq', g.seq, 'amount', g.amount, 'remaining', g.remaining, 'expired', g.expired,
  'priority', g.priority, 'expires', extract(epoch from g.expires_at) * 1000)`;

export type GrantJson = {
  readonly w: string;
  readonly seq: number;
  readonly amount: number;
  readonly remaining: number;
  readonly expired: number;
  readonly priority: number;
  readonly expires: number | null;
};

export const toGrant = (row: GrantJson): Grant => ({
  ...{ seq: BigInt(row.seq), amount: BigInt(row.amount), remaining: BigInt(row.remaining) },
  ...{ expired: BigInt(row.expired), priority: row.priority, expiresAt: dateOf(row.expires) },
});

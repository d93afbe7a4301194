import { describe, expect, test } from 'vitest';
import {
  type Account,
  cycleOf,
  type DebitDecision,
  decideDebit,
  inCurrentCycle,
  MAX_BALANCE,
} from './billing.model.ts';

const MARCH = cycleOf(new Date('2026-03-15T00:00:00Z'));
const NOW = new Date('2026-03-15T12:00:00Z');

const anAccount = (overrides: Partial<Account> = {}): Account => ({
  planType: 'free',
  balance: 100n,
  held: 0n,
  seq: 7n,
  creditLimit: null,
  cycleStart: MARCH.start,
  cycleEnd: MARCH.end,
  cycleSpent: 0n,
  autoRecharge: false,
  autoRechargeThreshold: 0n,
  autoRechargeAmount: 0n,
  ...overrides,
});
const movesOf = (decision: DebitDecision) =>
  decision.granted
    ? decision.entries.map(({ type, amount, balanceAfter }) => `${type} ${amount} → ${balanceAfter}`)
    : decision.refusal;

describe('credits', () => {
  test('the last one can be spent, and none more', () => {
    expect(movesOf(decideDebit(anAccount(), 100n, NOW))).toEqual(['debit -100 → 0']);
    expect(movesOf(decideDebit(anAccount(), 101n, NOW))).toEqual({
      reason: 'insufficient',
      required: 101n,
      available: 100n,
    });
  });

  test('held ones are spoken for', () => {
    const account = anAccount({ held: 40n });
    expect(movesOf(decideDebit(account, 60n, NOW))).toEqual(['debit -60 → 40']);
    expect(movesOf(decideDebit(account, 61n, NOW))).toEqual({ reason: 'insufficient', required: 61n, available: 60n });
  });
});

describe('the limit of a billing cycle', () => {
  const limited = anAccount({ creditLimit: 50n, cycleSpent: 30n });

  test('may be spent to the last credit, and then says when it resets', () => {
    expect(decideDebit(limited, 20n, NOW)).toMatchObject({ granted: true, account: { cycleSpent: 50n } });
    expect(movesOf(decideDebit(limited, 21n, NOW))).toEqual({
      reason: 'limit',
      required: 21n,
      remaining: 20n,
      limit: 50n,
      resetsAt: new Date('2026-04-01T00:00:00Z'),
    });
  });

  test('is told before a lack of credits: adding some would not help', () => {
    expect(decideDebit(anAccount({ balance: 0n, creditLimit: 5n }), 6n, NOW)).toMatchObject({
      refusal: { reason: 'limit' },
    });
  });

  test('lowered below what is spent, it leaves nothing and never less than nothing', () => {
    expect(decideDebit({ ...limited, creditLimit: 10n }, 1n, NOW)).toMatchObject({
      refusal: { reason: 'limit', remaining: 0n },
    });
  });

  test('begins anew with the first instant of the next month, in UTC', () => {
    const spent = anAccount({ creditLimit: 50n, cycleSpent: 50n });
    expect(decideDebit(spent, 50n, new Date('2026-03-31T23:59:59.999Z')).granted).toBe(false);
    const decision = decideDebit(spent, 50n, new Date('2026-04-01T00:00:00Z'));
    expect(decision).toMatchObject({
      granted: true,
      account: {
        cycleSpent: 50n,
        cycleStart: new Date('2026-04-01T00:00:00Z'),
        cycleEnd: new Date('2026-05-01T00:00:00Z'),
      },
    });
  });

  test('skips the months in which nothing was spent', () => {
    const later = inCurrentCycle(limited, new Date('2027-01-20T08:00:00+09:00'));
    expect(later).toMatchObject({
      cycleSpent: 0n,
      cycleStart: new Date('2027-01-01T00:00:00Z'),
      cycleEnd: new Date('2027-02-01T00:00:00Z'),
    });
  });

  test.each([
    ['December', '2026-12-31T23:59:59Z', '2026-12-01', '2027-01-01'],
    ['a leap February', '2028-02-29T12:00:00Z', '2028-02-01', '2028-03-01'],
    ['the last hour of a month west of Greenwich', '2026-03-31T20:00:00-05:00', '2026-04-01', '2026-05-01'],
  ])('knows %s', (_, now, start, end) => {
    expect(cycleOf(new Date(now))).toEqual({
      start: new Date(`${start}T00:00:00Z`),
      end: new Date(`${end}T00:00:00Z`),
    });
  });
});

describe('auto-recharge', () => {
  const recharging = anAccount({
    balance: 100n,
    autoRecharge: true,
    autoRechargeThreshold: 20n,
    autoRechargeAmount: 50n,
  });

  test.each([
    ['leaves exactly the threshold: none', 80n, ['debit -80 → 20']],
    ['leaves one less: after the debit', 81n, ['debit -81 → 19', 'auto_recharge 50 → 69']],
    ['leaves nothing: after the debit', 100n, ['debit -100 → 0', 'auto_recharge 50 → 50']],
    ['is covered by one recharge alone: before the debit', 101n, ['auto_recharge 50 → 150', 'debit -101 → 49']],
    ['is covered to the last credit: before, and not again after', 150n, ['auto_recharge 50 → 150', 'debit -150 → 0']],
  ])('a debit that %s', (_, amount, moves) => {
    expect(movesOf(decideDebit(recharging, amount, NOW))).toEqual(moves);
  });

  test('two recharges would cover it: refused, and nothing is recharged', () => {
    expect(movesOf(decideDebit(recharging, 151n, NOW))).toEqual({
      reason: 'insufficient',
      required: 151n,
      available: 100n,
    });
  });

  test('switched off it does nothing, whatever amount it is set to', () => {
    expect(movesOf(decideDebit({ ...recharging, autoRecharge: false }, 81n, NOW))).toEqual(['debit -81 → 19']);
    expect(decideDebit({ ...recharging, autoRecharge: false }, 101n, NOW).granted).toBe(false);
  });

  test('never takes the balance beyond what is exact', () => {
    const rich = { ...recharging, balance: MAX_BALANCE, held: MAX_BALANCE - 10n };
    expect(movesOf(decideDebit(rich, 5n, NOW))).toEqual([`debit -5 → ${MAX_BALANCE - 5n}`]);
    expect(decideDebit(rich, 11n, NOW).granted).toBe(false);
  });

  test('the limit of the cycle counts the debit, not the recharge', () => {
    expect(decideDebit({ ...recharging, creditLimit: 101n }, 101n, NOW)).toMatchObject({
      granted: true,
      account: { cycleSpent: 101n },
    });
    expect(decideDebit({ ...recharging, creditLimit: 100n }, 101n, NOW)).toMatchObject({
      refusal: { reason: 'limit' },
    });
  });
});

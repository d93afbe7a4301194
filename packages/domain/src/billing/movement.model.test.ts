import { describe, expect, test } from 'vitest';
import { anAccount } from '../../test/ledger-lab.ts';
import { type Account, MAX_BALANCE } from './account.model.ts';
import { type Books, settle } from './books.model.ts';
import { credit, type Decision, debit } from './movement.model.ts';

const NOW = new Date('2026-03-15T12:00:00Z');

/** Books whose balance came by one credit that never expires. */
function aBook(overrides: Partial<Account> = {}): Books {
  const account = anAccount({ balance: 100n, seq: 7n, ...overrides });
  const { balance } = account;
  const grant = { seq: 1n, expired: 0n, priority: 50, expiresAt: null };
  return {
    account,
    grants: balance > 0n ? [{ ...grant, amount: balance, remaining: balance }] : [],
  };
}
const movesOf = (decision: Decision) =>
  decision.granted
    ? `${decision.entry.type} ${decision.entry.amount} → ${decision.entry.balanceAfter}`
    : decision.refusal;

describe('credits', () => {
  test('the last one can be spent, and none more', () => {
    expect(movesOf(debit(aBook(), 100n, NOW))).toBe('debit -100 → 0');
    expect(movesOf(debit(aBook(), 101n, NOW))).toEqual({ reason: 'insufficient', required: 101, available: 100 });
  });

  test('held ones are spoken for', () => {
    const books = aBook({ held: 40n });
    expect(movesOf(debit(books, 60n, NOW))).toBe('debit -60 → 40');
    expect(movesOf(debit(books, 61n, NOW))).toEqual({ reason: 'insufficient', required: 61, available: 60 });
  });

  test('what is owed leaves nothing available', () => {
    const { books } = settle(aBook({ balance: 30n, debt: 50n }), NOW);
    expect(books.account).toMatchObject({ balance: 0n, debt: 20n });
    expect(movesOf(debit(books, 1n, NOW))).toEqual({ reason: 'insufficient', required: 1, available: 0 });
  });

  test('are granted with an end in the future, or with none', () => {
    const adding = { type: 'credit', amount: 5n, priority: 50 } as const;
    expect(credit(aBook(), { ...adding, expiresAt: NOW }, NOW)).toEqual({
      granted: false,
      refusal: { reason: 'expiry_in_the_past' },
    });
    const soon = new Date(NOW.getTime() + 1);
    expect(movesOf(credit(aBook(), { ...adding, expiresAt: soon }, NOW))).toBe('credit 5 → 105');
    expect(movesOf(credit(aBook(), { ...adding, expiresAt: null }, NOW))).toBe('credit 5 → 105');
  });
});

describe('the limit of a billing cycle', () => {
  const limited = aBook({ creditLimit: 50n, cycleSpent: 30n });

  test('may be spent to the last credit, and then says when it resets', () => {
    expect(debit(limited, 20n, NOW)).toMatchObject({ granted: true, books: { account: { cycleSpent: 50n } } });
    expect(movesOf(debit(limited, 21n, NOW))).toEqual({
      reason: 'limit',
      required: 21,
      remaining: 20,
      limit: 50,
      resetsAt: '2026-04-01T00:00:00.000Z',
    });
  });

  test('is told before a lack of credits: adding some would not help', () => {
    expect(debit(aBook({ balance: 0n, creditLimit: 5n }), 6n, NOW)).toMatchObject({ refusal: { reason: 'limit' } });
  });

  test('lowered below what is spent, it leaves nothing and never less than nothing', () => {
    expect(debit(aBook({ creditLimit: 10n, cycleSpent: 30n }), 1n, NOW)).toMatchObject({
      refusal: { reason: 'limit', remaining: 0 },
    });
  });

  test('begins anew with the first instant of the next month, in UTC', () => {
    const spent = aBook({ creditLimit: 50n, cycleSpent: 50n });
    const at = (instant: string) => {
      const now = new Date(instant);
      return debit(settle(spent, now).books, 50n, now);
    };
    expect(at('2026-03-31T23:59:59.999Z').granted).toBe(false);
    expect(at('2026-04-01T00:00:00Z')).toMatchObject({
      granted: true,
      books: {
        account: {
          cycleSpent: 50n,
          cycleStart: new Date('2026-04-01T00:00:00Z'),
          cycleEnd: new Date('2026-05-01T00:00:00Z'),
        },
      },
    });
  });

  test('counts open holds, and the recharge that follows a debit does not lift it', () => {
    expect(debit(aBook({ creditLimit: 50n, held: 31n }), 20n, NOW)).toMatchObject({
      refusal: { reason: 'limit', remaining: 19 },
    });
    const recharging = aBook({
      autoRecharge: true,
      autoRechargeThreshold: 20n,
      autoRechargeAmount: 50n,
      creditLimit: 90n,
    });
    expect(debit(recharging, 90n, NOW)).toMatchObject({ granted: true, books: { account: { cycleSpent: 90n } } });
    expect(debit(recharging, 91n, NOW)).toMatchObject({ refusal: { reason: 'limit' } });
  });

  test('is that of exact numbers where the customer set none', () => {
    const spent = aBook({ cycleSpent: MAX_BALANCE - 10n });
    expect(debit(spent, 10n, NOW).granted).toBe(true);
    expect(debit(spent, 11n, NOW)).toMatchObject({ refusal: { reason: 'limit', remaining: 10 } });
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anAccount } from '../../test/ledger-lab.ts';
import { availableOf, cycleOf, inCurrentCycle, MAX_BALANCE } from './account.model.ts';
import { type Books, settle } from './books.model.ts';
import { credit, debit } from './movement.model.ts';

const NOW = new Date('2026-03-15T12:00:00Z');
const credits = fc.oneof(fc.bigInt({ min: 0n, max: 300n }), fc.bigInt({ min: MAX_BALANCE - 300n, max: MAX_BALANCE }));
const amount = fc.oneof(fc.bigInt({ min: 1n, max: 300n }), fc.bigInt({ min: MAX_BALANCE - 300n, max: MAX_BALANCE }));

/** Books in any state that one can find them in; nothing in them has expired. */
const found: fc.Arbitrary<Books> = fc
  .record({
    balance: credits,
    heldPart: fc.constantFrom(0n, 1n, 2n),
    seq: fc.bigInt({ min: 2n, max: 1_000n }),
    creditLimit: fc.option(fc.bigInt({ min: 0n, max: 500n })),
    cycleSpent: fc.bigInt({ min: 0n, max: 400n }),
    cycle: fc.constantFrom(
      new Date('2026-03-01T00:00:00Z'),
      new Date('2026-02-01T00:00:00Z'),
      new Date('2025-12-01T00:00:00Z'),
    ),
    split: fc.bigInt({ min: 0n, max: 100n }),
  })
  .map(({ heldPart, cycle, split, ...rest }) => {
    const { balance } = rest;
    const first = (balance * split) / 100n;
    const parts = [first, balance - first].filter((part) => part > 0n);
    return {
      account: anAccount({
        ...rest,
        held: (balance * heldPart) / 2n,
        cycleStart: cycleOf(cycle).start,
        cycleEnd: cycleOf(cycle).end,
      }),
      grants: parts.map((part, index) => ({
        ...{ seq: BigInt(index + 1), amount: part, remaining: part, expired: 0n, priority: 50, expiresAt: null },
      })),
    };
  });

/**
 * Invariant: a debit keeps the books: its entry is the change of the balance and names the balance behind it, it has the next number,
 * and nothing is ever overdrawn, beyond what stays exact, or taken from what is held.
 */
test('a debit keeps the books', () => {
  fc.assert(
    fc.property(found, amount, (start, wanted) => {
      const { books: before, entries } = settle(start, NOW);
      expect(entries).toEqual([]);
      const decision = debit(before, wanted, NOW);
      if (!decision.granted) return;
      const { entry } = decision;
      const after = decision.books.account;
      expect(entry).toMatchObject({
        ...{ type: 'debit', amount: -wanted, seq: before.account.seq + 1n, reversesId: null, holdId: null },
        balanceAfter: before.account.balance - wanted,
      });
      expect(after).toEqual({
        ...before.account,
        balance: entry.balanceAfter,
        seq: entry.seq,
        cycleSpent: inCurrentCycle(start.account, NOW).cycleSpent + wanted,
      });
      expect(after.balance >= 0n && after.balance <= MAX_BALANCE).toBe(true);
      expect(availableOf(after) >= 0n).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

/** Invariant: a debit is granted exactly when the cycle's limit leaves room, open holds included, and the available credits cover it. */
test('a debit is granted exactly when it is covered', () => {
  fc.assert(
    fc.property(found, amount, (start, wanted) => {
      const { creditLimit, cycleSpent, held, balance } = inCurrentCycle(start.account, NOW);
      const withinLimit = cycleSpent + held + wanted <= (creditLimit ?? MAX_BALANCE);
      const covered = wanted <= balance - held;
      const decision = debit(settle(start, NOW).books, wanted, NOW);
      expect(decision.granted).toBe(withinLimit && covered);
      if (!decision.granted) expect(decision.refusal.reason).toBe(withinLimit ? 'insufficient' : 'limit');
    }),
    { numRuns: 2_000 },
  );
});

/** Invariant: a credit adds exactly its amount as a grant of its own, or nothing when the balance would no longer be exact in JSON. */
test('a credit is exact', () => {
  fc.assert(
    fc.property(found, amount, fc.constantFrom('credit', 'auto_recharge'), (before, added, type) => {
      const decision = credit(before, { type, amount: added, priority: 50, expiresAt: null }, NOW);
      const { balance, seq } = before.account;
      expect(decision.granted).toBe(balance + added <= MAX_BALANCE);
      if (!decision.granted) {
        expect(decision.refusal).toEqual({ reason: 'too_large' });
        return;
      }
      expect(decision.books.account.balance).toBe(balance + added);
      expect(decision.entry).toMatchObject({ amount: added, type, seq: seq + 1n, balanceAfter: balance + added });
      expect(decision.books.grants).toHaveLength(before.grants.length + 1);
      expect(decision.books.grants).toContainEqual({
        ...{ seq: seq + 1n, amount: added, remaining: added, expired: 0n, priority: 50, expiresAt: null },
      });
      expect(Number.isSafeInteger(Number(decision.books.account.balance))).toBe(true);
    }),
    { numRuns: 500 },
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Account,
  availableOf,
  cycleOf,
  decideCredit,
  decideDebit,
  inCurrentCycle,
  MAX_BALANCE,
} from './billing.model.ts';

const NOW = new Date('2026-03-15T12:00:00Z');
const credits = fc.oneof(fc.bigInt({ min: 0n, max: 300n }), fc.bigInt({ min: MAX_BALANCE - 300n, max: MAX_BALANCE }));
const amount = fc.oneof(fc.bigInt({ min: 1n, max: 300n }), fc.bigInt({ min: MAX_BALANCE - 300n, max: MAX_BALANCE }));

const account: fc.Arbitrary<Account> = fc
  .record({
    balance: credits,
    heldPart: fc.constantFrom(0n, 1n, 2n),
    seq: fc.bigInt({ min: 0n, max: 1_000n }),
    creditLimit: fc.option(fc.bigInt({ min: 0n, max: 500n })),
    cycleSpent: fc.bigInt({ min: 0n, max: 400n }),
    cycle: fc.constantFrom(
      new Date('2026-03-01T00:00:00Z'),
      new Date('2026-02-01T00:00:00Z'),
      new Date('2025-12-01T00:00:00Z'),
    ),
    autoRecharge: fc.boolean(),
    autoRechargeThreshold: fc.bigInt({ min: 0n, max: 300n }),
    autoRechargeAmount: fc.oneof(fc.bigInt({ min: 1n, max: 300n }), fc.constant(MAX_BALANCE - 100n)),
  })
  .map(({ heldPart, cycle, ...rest }) => ({
    ...rest,
    planType: 'free',
    held: (rest.balance * heldPart) / 2n,
    cycleStart: cycleOf(cycle).start,
    cycleEnd: cycleOf(cycle).end,
  }));

/**
 * Invariant: a decision keeps the books: entries add up to the change of the balance, each names the balance after it, they are
 * numbered without a gap, and nothing is ever overdrawn, beyond what stays exact, or taken from what is held.
 */
test('a debit keeps the books', () => {
  fc.assert(
    fc.property(account, amount, (before, wanted) => {
      const decision = decideDebit(before, wanted, NOW);
      const { account: after } = decision;
      expect(after.held).toBe(before.held);
      if (!decision.granted) {
        expect({ balance: after.balance, seq: after.seq }).toEqual({ balance: before.balance, seq: before.seq });
        return;
      }
      const { entries } = decision;
      let { balance, seq } = before;
      for (const entry of entries) {
        balance += entry.amount;
        seq += 1n;
        expect(entry.seq).toBe(seq);
        expect(entry.balanceAfter).toBe(balance);
        expect(balance >= 0n && balance <= MAX_BALANCE).toBe(true);
      }
      expect(after.balance).toBe(balance);
      expect(after.seq).toBe(seq);
      expect(availableOf(after) >= 0n).toBe(true);
      expect(entries.filter(({ type }) => type === 'debit').map((entry) => entry.amount)).toEqual([-wanted]);
      expect(after.cycleSpent).toBe(inCurrentCycle(before, NOW).cycleSpent + wanted);
    }),
    { numRuns: 2_000 },
  );
});

/**
 * Invariant: a debit is granted exactly when the cycle's limit leaves room and the available credits, or those and one
 * recharge, cover it.
 */
test('a debit is granted exactly when it is covered', () => {
  fc.assert(
    fc.property(account, amount, (before, wanted) => {
      const { creditLimit, cycleSpent } = inCurrentCycle(before, NOW);
      const withinLimit = cycleSpent + wanted <= (creditLimit ?? MAX_BALANCE);
      const recharge =
        before.autoRecharge && before.balance + before.autoRechargeAmount <= MAX_BALANCE
          ? before.autoRechargeAmount
          : 0n;
      const covered = wanted <= availableOf(before) || wanted <= availableOf(before) + recharge;
      const decision = decideDebit(before, wanted, NOW);
      expect(decision.granted).toBe(withinLimit && covered);
      if (!decision.granted) expect(decision.refusal.reason).toBe(withinLimit ? 'insufficient' : 'limit');
    }),
    { numRuns: 2_000 },
  );
});

/**
 * Invariant: a debit recharges at most once; first when only the recharge covers it, else after it and exactly when it
 * leaves less than the threshold.
 */
test('a debit recharges at most once', () => {
  fc.assert(
    fc.property(account, amount, (before, wanted) => {
      const decision = decideDebit(before, wanted, NOW);
      if (!decision.granted) return;
      const kinds = decision.entries.map(({ type }) => type);
      const left = availableOf(before) - wanted;
      const fits = (balance: bigint) => before.autoRecharge && balance + before.autoRechargeAmount <= MAX_BALANCE;
      if (left < 0n) expect(kinds).toEqual(['auto_recharge', 'debit']);
      else if (left < before.autoRechargeThreshold && fits(before.balance - wanted))
        expect(kinds).toEqual(['debit', 'auto_recharge']);
      else expect(kinds).toEqual(['debit']);
      for (const { type, amount: moved } of decision.entries)
        if (type === 'auto_recharge') expect(moved).toBe(before.autoRechargeAmount);
    }),
    { numRuns: 2_000 },
  );
});

/** Invariant: a credit adds exactly its amount, or nothing when the balance would no longer be exact in JSON. */
test('a credit is exact', () => {
  fc.assert(
    fc.property(account, amount, (before, added) => {
      const decision = decideCredit(before, added);
      if (before.balance + added > MAX_BALANCE) expect(decision).toBeNull();
      else {
        expect(decision?.account.balance).toBe(before.balance + added);
        expect(decision?.entry).toMatchObject({
          amount: added,
          type: 'credit',
          seq: before.seq + 1n,
          balanceAfter: before.balance + added,
        });
        expect(Number.isSafeInteger(Number(decision?.account.balance))).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

/** Invariant: every instant lies in exactly one cycle, and cycles follow each other without a gap. */
test('cycles cover all of time once', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }), (now) => {
      const { start, end } = cycleOf(now);
      expect(start <= now && now < end).toBe(true);
      expect(cycleOf(end).start).toEqual(end);
      expect(cycleOf(new Date(end.getTime() - 1))).toEqual({ start, end });
      expect(start.getUTCDate()).toBe(1);
    }),
  );
});

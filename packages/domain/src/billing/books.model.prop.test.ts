import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRun, expectSound, move, oracleBurns } from '../../test/books-run.ts';
import { availableOf } from './account.model.ts';
import { lesser } from './amounts.model.ts';
import { type Books, type Entry, settle } from './books.model.ts';
import { captureHold, remainingOf } from './hold.model.ts';

const moves = fc.array(move, { minLength: 1, maxLength: 30, size: 'max' });
const RUNS = { numRuns: 500 };
const burnsOf = ({ burns }: Entry) => new Map(burns.map(({ grantSeq, amount }) => [grantSeq, amount]));
const left = ({ grants }: Books, seq: bigint): bigint => grants.find((grant) => grant.seq === seq)?.remaining ?? 0n;
const isOver = (expiresAt: Date | null, now: Date): boolean => expiresAt !== null && expiresAt <= now;

/**
 * Invariant: whatever is asked of an account while time passes, its balance is the sum of its entries and of what its grants have left;
 * entries are numbered and chained without a gap; balance ≥ held ≥ 0 and held is what open holds have left; no grant has less than
 * nothing or more than it began with; and as long as something is owed, nothing is available.
 */
test('the books add up after every move', () => {
  fc.assert(
    fc.property(moves, (list) => {
      const run = createRun();
      for (const given of list) {
        run.step(given);
        expectSound(run);
      }
    }),
    RUNS,
  );
});

/**
 * Invariant: a debit takes the credits of the lowest priority, among those the ones that expire first, among those the oldest, and none
 * whose time is up. A capture takes those whose time is up first, and then in the same order.
 */
test('credits burn in order', () => {
  fc.assert(
    fc.property(moves, (list) => {
      const run = createRun();
      for (const given of list) {
        const { before, decision, now } = run.step(given);
        if (!decision?.granted || (given.kind !== 'debit' && given.kind !== 'capture')) continue;
        const { entry } = decision;
        const isCapture = given.kind === 'capture';
        const allowed = before.grants.filter(({ expiresAt }) => isCapture || !isOver(expiresAt, now));
        expect(burnsOf(entry)).toEqual(oracleBurns(allowed, -entry.amount, isCapture ? now : null));
      }
    }),
    RUNS,
  );
});

/**
 * Invariant: every open hold can be captured in full, all of them one after the other, now and at the last instant of each, whatever has
 * expired by then.
 */
test('a granted hold can be captured until it expires', () => {
  fc.assert(
    fc.property(moves, (list) => {
      const run = createRun();
      for (const given of list) run.step(given);
      const open = [...run.holds.values()].filter(({ state }) => state === 'open');
      for (const at of [run.now(), ...open.map(({ expiresAt }) => new Date(expiresAt.getTime() - 1))]) {
        let { books } = settle(run.books(), at);
        for (const hold of open.filter(({ expiresAt }) => expiresAt > at)) {
          const amount = remainingOf(hold);
          const captured = captureHold(books, hold, { amount, final: true, now: at });
          if (!captured.granted) throw new Error(`refused: ${JSON.stringify(captured.refusal)}`);
          expect(captured.entry).toMatchObject({ amount: -amount, holdId: hold.id });
          books = settle(captured.books, at).books;
          expect(books.account.balance >= books.account.held).toBe(true);
        }
      }
    }),
    RUNS,
  );
});

/** Invariant: between moves nothing is left of what has expired, except what backs open holds. */
test('what expired leaves, unless it is held', () => {
  fc.assert(
    fc.property(moves, (list) => {
      const run = createRun();
      for (const given of list) {
        const { now } = run.step(given);
        const { account, grants } = run.books();
        const overdue = grants.filter(({ expiresAt }) => isOver(expiresAt, now));
        expect(overdue.reduce((sum, { remaining }) => sum + remaining, 0n) <= account.held).toBe(true);
      }
    }),
    RUNS,
  );
});

/**
 * Invariant: reversing a debit gives every grant back exactly what that debit took from it; reversing a credit takes what it gave and
 * has not expired, its own remainder first, and what is not available any more is owed; either happens once, and to nothing else.
 */
test('a reversal undoes one entry once', () => {
  fc.assert(
    fc.property(moves, (list) => {
      const run = createRun();
      for (const given of list) {
        const { before, after, original, expired, decision, now } = run.step(given);
        if (given.kind !== 'reverse' || !original || !decision) continue;
        if (!decision.granted) {
          const because = original.isReversed ? 'already_reversed' : 'wrong_type';
          expect(decision.refusal).toEqual({ reason: 'not_reversible', because });
          expect(original.isReversed || original.type === 'reversal').toBe(true);
          continue;
        }
        const { entry } = decision;
        expect(original.isReversed).toBe(false);
        expect(entry).toMatchObject({ type: 'reversal', reversesId: original.id });
        if (original.type === 'debit') {
          expect(entry.amount).toBe(-original.amount);
          for (const { grantSeq, amount } of original.burns) {
            expect(left(after, grantSeq)).toBe(left(before, grantSeq) + amount);
          }
          expect(after.account.debt).toBe(before.account.debt);
          continue;
        }
        const owed = original.amount - expired;
        const available = availableOf(before.account);
        const taken = lesser(owed, available);
        expect(entry.amount).toBe(-taken);
        expect(after.account.debt - before.account.debt).toBe(owed - taken);
        const own = before.grants.find(({ seq }) => seq === original.seq);
        const ownLeft = own && !isOver(own.expiresAt, now) ? own.remaining : 0n;
        expect(burnsOf(entry).get(original.seq) ?? 0n).toBe(lesser(ownLeft, taken));
      }
    }),
    RUNS,
  );
});

/** Invariant: what is owed is what reversals found spent, less what was repaid; and it is repaid by whatever becomes available next. */
test('a debt is repaid by what comes next', () => {
  fc.assert(
    fc.property(moves, (list) => {
      const run = createRun();
      let owed = 0n;
      for (const given of list) {
        const known = run.entries.length;
        const { before, after } = run.step(given);
        owed += after.account.debt - before.account.debt;
        const settling = run.entries.slice(known);
        for (const { type, amount } of settling) if (type === 'debt_repayment') owed += amount;
        expect(run.books().account.debt).toBe(owed);
      }
    }),
    RUNS,
  );
});

describe('the moves that are tried', () => {
  test('reach every kind of entry, and debts, holds that outlive their credits, and refusals', () => {
    const seen = new Set<string>();
    for (const list of fc.sample(moves, { numRuns: 500, seed: 7 })) {
      const run = createRun();
      for (const given of list) {
        const { decision, now } = run.step(given);
        if (decision && !decision.granted) seen.add(`refused ${decision.refusal.reason}`);
        if (run.books().account.debt > 0n) seen.add('debt');
        const overdue = run.books().grants.some(({ remaining, expiresAt }) => remaining > 0n && isOver(expiresAt, now));
        if (overdue) seen.add('overdue and held');
      }
      for (const { type } of run.entries) seen.add(type);
    }
    const kinds = ['credit', 'debit', 'reversal', 'expiry', 'debt_repayment', 'debt', 'overdue and held'];
    const refusals = ['insufficient', 'not_reversible', 'hold_resolved', 'capture_exceeds'];
    for (const one of [...kinds, ...refusals.map((reason) => `refused ${reason}`)]) expect(seen).toContain(one);
  });
});

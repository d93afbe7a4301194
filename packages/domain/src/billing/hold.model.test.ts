import { describe, expect, test } from 'vitest';
import { anAccount } from '../../test/ledger-lab.ts';
import type { Books } from './books.model.ts';
import { captureHold, closeHold, type Hold, isHoldOverdue, openHold, remainingOf } from './hold.model.ts';

const NOW = new Date('2026-03-15T12:00:00Z');
const SOON = new Date('2026-03-15T13:00:00Z');
const AGO = new Date('2026-03-15T11:00:00Z');

/** A balance of 100, 30 of it in a grant whose time is up; `held` is spoken for. */
const aBook = (held = 0n): Books => ({
  account: anAccount({ balance: 100n, held, seq: 2n, creditLimit: 500n, cycleSpent: 7n }),
  grants: [
    { seq: 1n, amount: 70n, remaining: 70n, expired: 0n, priority: 10, expiresAt: null },
    { seq: 2n, amount: 30n, remaining: 30n, expired: 0n, priority: 90, expiresAt: AGO },
  ],
});
const aHold = (overrides: Partial<Hold> = {}): Hold => ({
  ...{ id: 'hold', amount: 60n, captured: 0n, state: 'open', steps: 1, expiresAt: SOON },
  ...overrides,
});
const capture = (amount: bigint, final = false, hold = aHold()) => {
  const decision = captureHold(aBook(remainingOf(hold)), hold, { amount, final, now: NOW });
  if (!decision.granted) throw new Error(`refused: ${JSON.stringify(decision.refusal)}`);
  return decision;
};

describe('a hold is opened', () => {
  test('under the conditions of a debit, to the last available credit', () => {
    const open = (amount: bigint) => openHold(aBook(40n), { id: 'hold', amount, expiresAt: SOON });
    expect(open(60n)).toMatchObject({
      granted: true,
      books: { account: { balance: 100n, held: 100n, seq: 2n, cycleSpent: 7n } },
      hold: { id: 'hold', amount: 60n, captured: 0n, state: 'open', steps: 1, expiresAt: SOON },
      steps: [{ no: 1, kind: 'opened', amount: 60n, closes: false }],
    });
    expect(open(61n)).toEqual({ granted: false, refusal: { reason: 'insufficient', required: 61, available: 60 } });
    expect(open(454n)).toMatchObject({ refusal: { reason: 'limit', required: 454, remaining: 453 } });
  });
});

describe('a capture', () => {
  test('takes a part and leaves the rest held', () => {
    expect(capture(20n)).toMatchObject({
      books: { account: { balance: 80n, held: 40n, seq: 3n, cycleSpent: 27n } },
      hold: { captured: 20n, state: 'open', steps: 2 },
      steps: [{ no: 2, kind: 'captured', amount: 20n, closes: false }],
      entry: { type: 'debit', amount: -20n, balanceAfter: 80n, seq: 3n, holdId: 'hold' },
    });
  });

  test('of everything resolves the hold by itself', () => {
    expect(capture(60n)).toMatchObject({
      books: { account: { balance: 40n, held: 0n, cycleSpent: 67n } },
      hold: { captured: 60n, state: 'captured', steps: 2 },
      steps: [{ no: 2, kind: 'captured', amount: 60n, closes: true }],
    });
    expect(capture(60n, true).steps).toHaveLength(1);
  });

  test('that is final frees the rest by a step of its own', () => {
    expect(capture(20n, true)).toMatchObject({
      books: { account: { balance: 80n, held: 0n, cycleSpent: 27n } },
      hold: { captured: 20n, state: 'captured', steps: 3 },
      steps: [
        { no: 2, kind: 'captured', amount: 20n, closes: false },
        { no: 3, kind: 'released', amount: 40n, closes: true },
      ],
    });
  });

  test('goes on where the last one ended', () => {
    const begun = aHold({ captured: 50n, steps: 4 });
    expect(capture(10n, false, begun)).toMatchObject({
      books: { account: { balance: 90n, held: 0n } },
      hold: { captured: 60n, state: 'captured', steps: 5 },
    });
  });

  test('takes what has expired first, although it would come last in the order of spending', () => {
    expect(capture(20n).entry.burns).toEqual([{ grantSeq: 2n, amount: 20n }]);
    expect(capture(50n).entry.burns).toEqual([
      { grantSeq: 2n, amount: 30n },
      { grantSeq: 1n, amount: 20n },
    ]);
  });

  test.each([
    ['one more than the hold', aHold(), 61n, 60],
    ['one more than it has left', aHold({ captured: 50n }), 11n, 10],
  ])('of %s is refused', (_, hold, amount, remaining) => {
    const refusal = { reason: 'capture_exceeds', required: Number(amount), remaining };
    expect(captureHold(aBook(60n), hold, { amount, final: true, now: NOW })).toEqual({ granted: false, refusal });
  });
});

describe('a hold is resolved once', () => {
  test.each(['released', 'expired'] as const)('%s, it frees what it has left', (kind) => {
    expect(closeHold(aBook(90n), aHold({ captured: 20n, steps: 3 }), kind)).toMatchObject({
      granted: true,
      books: { account: { balance: 100n, held: 50n, seq: 2n, cycleSpent: 7n } },
      hold: { state: kind, captured: 20n, steps: 4 },
      steps: [{ no: 4, kind, amount: 40n, closes: true }],
    });
  });

  test.each(['captured', 'released', 'expired'] as const)(
    'one that is %s says so, to whatever is asked of it',
    (state) => {
      const hold = aHold({ state, captured: 10n });
      const refused = { granted: false, refusal: { reason: 'hold_resolved', state } };
      expect(remainingOf(hold)).toBe(0n);
      expect(captureHold(aBook(), hold, { amount: 1n, final: false, now: NOW })).toEqual(refused);
      expect(closeHold(aBook(), hold, 'released')).toEqual(refused);
      expect(closeHold(aBook(), hold, 'expired')).toEqual(refused);
      expect(isHoldOverdue({ ...hold, expiresAt: AGO }, NOW)).toBe(false);
    },
  );

  test('an open one is overdue from the instant of its expiry', () => {
    expect(isHoldOverdue(aHold(), new Date(SOON.getTime() - 1))).toBe(false);
    expect(isHoldOverdue(aHold(), SOON)).toBe(true);
  });
});

import type { HoldState } from '@morket/contract/billing';
import { append, type Books, type Entry, heldGrants } from './books.model.ts';
import { take } from './grant.model.ts';
import { spendingRefusal } from './movement.model.ts';
import type { Refusal } from './refusal.ts';

/** Credits set aside; `steps` counts the rows of its journal. */
export type Hold = {
  readonly id: string;
  readonly amount: bigint;
  readonly captured: bigint;
  readonly state: HoldState;
  readonly steps: number;
  readonly expiresAt: Date;
};

/** One row of a hold's journal: what was set aside, taken, or freed. */
export type HoldStep = {
  readonly no: number;
  readonly kind: 'opened' | 'captured' | 'released' | 'expired';
  readonly amount: bigint;
  readonly closes: boolean;
};

type Granted = {
  readonly granted: true;
  readonly books: Books;
  readonly hold: Hold;
  readonly steps: readonly HoldStep[];
};
type Refused = { readonly granted: false; readonly refusal: Refusal };

export const remainingOf = (hold: Hold): bigint => (hold.state === 'open' ? hold.amount - hold.captured : 0n);

const withHeld = (books: Books, change: bigint): Books => ({
  ...books,
  account: { ...books.account, held: books.account.held + change },
});

/** Sets credits aside under the same conditions as a debit of them. */
export function openHold(
  books: Books,
  given: { readonly id: string; readonly amount: bigint; readonly expiresAt: Date },
): Granted | Refused {
  const refusal = spendingRefusal(books.account, given.amount);
  if (refusal) return { granted: false, refusal };
  const { id, amount, expiresAt } = given;
  return {
    granted: true,
    books: withHeld(books, amount),
    hold: { id, amount, captured: 0n, state: 'open', steps: 1, expiresAt },
    steps: [{ no: 1, kind: 'opened', amount, closes: false }],
  };
}

/** Spends a part of an open hold. Price and room were settled when it was opened, so nothing but the hold itself can refuse. */
export function captureHold(
  books: Books,
  hold: Hold,
  given: { readonly amount: bigint; readonly final: boolean; readonly now: Date },
): (Granted & { readonly entry: Entry }) | Refused {
  if (hold.state !== 'open') return { granted: false, refusal: { reason: 'hold_resolved', state: hold.state } };
  const { amount, final, now } = given;
  const remaining = remainingOf(hold);
  if (amount > remaining) {
    const refusal = { reason: 'capture_exceeds', required: Number(amount), remaining: Number(remaining) } as const;
    return { granted: false, refusal };
  }
  const rest = remaining - amount;
  const captures = { no: hold.steps + 1, kind: 'captured', amount, closes: rest === 0n } as const;
  const frees = { no: hold.steps + 2, kind: 'released', amount: rest, closes: true } as const;
  const steps = final && rest > 0n ? [captures, frees] : [captures];
  const closes = final || rest === 0n;
  const step = append(books, {
    type: 'debit',
    amount: -amount,
    burns: take(heldGrants(books, now), amount),
    holdId: hold.id,
  });
  const held = withHeld(step.books, -(closes ? remaining : amount));
  const { account } = held;
  return {
    granted: true,
    books: { ...held, account: { ...account, cycleSpent: account.cycleSpent + amount } },
    hold: {
      ...hold,
      captured: hold.captured + amount,
      state: closes ? 'captured' : 'open',
      steps: hold.steps + steps.length,
    },
    steps,
    entry: step.entry,
  };
}

/** Frees what an open hold has left, because somebody asked for it or because its time is up. */
export function closeHold(books: Books, hold: Hold, kind: 'released' | 'expired'): Granted | Refused {
  if (hold.state !== 'open') return { granted: false, refusal: { reason: 'hold_resolved', state: hold.state } };
  const amount = remainingOf(hold);
  return {
    granted: true,
    books: withHeld(books, -amount),
    hold: { ...hold, state: kind, steps: hold.steps + 1 },
    steps: [{ no: hold.steps + 1, kind, amount, closes: true }],
  };
}

/** Whether an open hold's time is up. */
export const isHoldOverdue = (hold: Hold, now: Date): boolean => hold.state === 'open' && hold.expiresAt <= now;

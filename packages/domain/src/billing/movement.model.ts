import { type Account, afterTopUp, availableOf, MAX_BALANCE } from './account.model.ts';
import { lesser } from './amounts.model.ts';
import { append, type Books, type Entry, liveGrants } from './books.model.ts';
import { type Grant, isOverdue, take } from './grant.model.ts';
import type { Refusal } from './refusal.ts';

export type Decision =
  | { readonly granted: true; readonly books: Books; readonly entry: Entry }
  | { readonly granted: false; readonly refusal: Refusal };

const refused = (refusal: Refusal): Decision => ({ granted: false, refusal });

/** Adds credits as a grant of their own. */
export function credit(
  books: Books,
  given: {
    readonly type: 'credit' | 'auto_recharge';
    readonly amount: bigint;
    readonly priority: number;
    readonly expiresAt: Date | null;
  },
  now: Date,
): Decision {
  const { type, amount, priority, expiresAt } = given;
  if (expiresAt !== null && expiresAt <= now) return refused({ reason: 'expiry_in_the_past' });
  if (books.account.balance + amount > MAX_BALANCE) return refused({ reason: 'too_large' });
  const topped = { ...books, account: afterTopUp(books.account) };
  return { granted: true, ...append(topped, { type, amount, grant: { priority, expiresAt } }) };
}

/**
 * Why the account cannot spend or set aside `amount`; null when it can. There is no overdraft, held credits are spoken for, and open
 * holds count against the limit of the cycle.
 */
export function spendingRefusal(account: Account, amount: bigint): Refusal | null {
  // Without a limit of the customer's there is still the one of exact numbers.
  const limit = account.creditLimit ?? MAX_BALANCE;
  const spoken = account.cycleSpent + account.held;
  const required = Number(amount);
  if (spoken + amount > limit) {
    const remaining = Number(limit > spoken ? limit - spoken : 0n);
    return {
      reason: 'limit',
      required,
      remaining,
      limit: Number(limit),
      resetsAt: account.cycleEnd.toISOString(),
    };
  }
  const available = availableOf(account);
  return amount > available ? { reason: 'insufficient', required, available: Number(available) } : null;
}

/** Spends available credits, in burn order. The books are settled at `now`. */
export function debit(books: Books, amount: bigint, now: Date): Decision {
  const { account } = books;
  const refusal = spendingRefusal(account, amount);
  if (refusal) return refused(refusal);
  const spent = { ...account, cycleSpent: account.cycleSpent + amount };
  const burns = take(liveGrants(books, now), amount);
  return { granted: true, ...append({ ...books, account: spent }, { type: 'debit', amount: -amount, burns }) };
}

/** An entry as a reversal has to know it. */
export type Original = {
  readonly id: string;
  readonly seq: bigint;
  readonly type: Entry['type'];
  readonly amount: bigint;
  readonly burns: Entry['burns'];
  readonly referenceId: string | null;
  readonly createdAt: Date;
  readonly isReversed: boolean;
};

/**
 * Takes one entry back by a new one that points at it. A debit's credits return to the grants they came from, even to one whose time is
 * up by now. Of a credit, what is left of it goes first, then other available credits; what was spent already becomes a debt.
 */
export function reverse(books: Books, original: Original, now: Date): Decision {
  if (original.isReversed) return refused({ reason: 'not_reversible', because: 'already_reversed' });
  if (original.type === 'debit') return reverseDebit(books, original);
  if (original.type === 'credit' || original.type === 'auto_recharge') return reverseCredit(books, original, now);
  return refused({ reason: 'not_reversible', because: 'wrong_type' });
}

function reverseDebit(books: Books, original: Original): Decision {
  const amount = -original.amount;
  const { account } = books;
  if (account.balance + amount > MAX_BALANCE) return refused({ reason: 'too_large' });
  // A limit of this cycle gets back what this cycle spent, and nothing of an earlier one's.
  const returned = original.createdAt >= account.cycleStart ? amount : 0n;
  const cycleSpent = account.cycleSpent > returned ? account.cycleSpent - returned : 0n;
  const burns = original.burns.map((burn) => ({ grantSeq: burn.grantSeq, amount: -burn.amount }));
  const reversal = { type: 'reversal', amount, burns, reversesId: original.id } as const;
  return { granted: true, ...append({ ...books, account: { ...account, cycleSpent } }, reversal) };
}

function reverseCredit(books: Books, original: Original, now: Date): Decision {
  // What expired was never spent.
  const own = books.grants.find(({ seq }) => seq === original.seq);
  const owed = original.amount - (own?.expired ?? 0n);
  const available = availableOf(books.account);
  const amount = lesser(owed, available);
  const debt = books.account.debt + owed - amount;
  if (debt > MAX_BALANCE) return refused({ reason: 'too_large' });
  const isOwn = (grant: Grant) => grant.seq === original.seq && !isOverdue(grant, now);
  const live = liveGrants(books, now);
  const burns = take([...live.filter(isOwn), ...live.filter((grant) => !isOwn(grant))], amount);
  const { books: after, entry } = append(books, {
    type: 'reversal',
    amount: -amount,
    burns,
    reversesId: original.id,
  });
  return { granted: true, books: { ...after, account: { ...after.account, debt } }, entry };
}

import type { CreditTransactionType } from '@morket/contract/billing';
import { type Account, availableOf, inCurrentCycle } from './account.model.ts';
import { lesser } from './amounts.model.ts';
import { afterBurns, type Burn, type Grant, inBurnOrder, isOverdue, overdueIn, take } from './grant.model.ts';

/** An account with the grants behind its balance, in burn order. Grants that are used up may be among them. */
export type Books = { readonly account: Account; readonly grants: readonly Grant[] };

/** One ledger entry to write; `amount` is signed. */
export type Entry = {
  readonly seq: bigint;
  readonly type: CreditTransactionType;
  readonly amount: bigint;
  readonly balanceAfter: bigint;
  readonly burns: readonly Burn[];
  /** What the entry grants, when it adds credits of its own. */
  readonly grant: Pick<Grant, 'priority' | 'expiresAt'> | null;
  readonly reversesId: string | null;
  readonly holdId: string | null;
};

type NewEntry = Pick<Entry, 'type' | 'amount'> & Partial<Pick<Entry, 'burns' | 'grant' | 'reversesId' | 'holdId'>>;

/** Adds one entry at the end of the ledger. */
export function append(books: Books, given: NewEntry): { readonly books: Books; readonly entry: Entry } {
  const { type, amount, burns = [], grant = null, reversesId = null, holdId = null } = given;
  const seq = books.account.seq + 1n;
  const balance = books.account.balance + amount;
  const left = afterBurns(books.grants, burns);
  const grants = grant ? [...left, { seq, amount, remaining: amount, expired: 0n, ...grant }].sort(inBurnOrder) : left;
  return {
    books: { account: { ...books.account, seq, balance }, grants },
    entry: { seq, type, amount, balanceAfter: balance, burns, grant, reversesId, holdId },
  };
}

/**
 * What time has done to the books: the cycle it is, credits that expired leave, each grant by an entry of its own, and a debt is paid
 * from what is available. Held credits are backed by overdue grants first, so of those only what exceeds the holds leaves: a hold that was
 * granted can always be captured.
 */
export function settle(books: Books, now: Date): { readonly books: Books; readonly entries: readonly Entry[] } {
  const entries: Entry[] = [];
  let current: Books = { ...books, account: inCurrentCycle(books.account, now) };
  let leaving = overdueIn(books.grants, now) - books.account.held;
  for (const { seq, remaining } of books.grants.filter((grant) => isOverdue(grant, now))) {
    if (leaving <= 0n) break;
    if (remaining === 0n) continue;
    const amount = lesser(remaining, leaving);
    const step = append(current, { type: 'expiry', amount: -amount, burns: [{ grantSeq: seq, amount }] });
    entries.push(step.entry);
    current = { ...step.books, grants: step.books.grants.map((grant) => expire(grant, seq, amount)) };
    leaving -= amount;
  }
  const available = availableOf(current.account);
  const { debt } = current.account;
  if (debt > 0n && available > 0n) {
    const paid = lesser(debt, available);
    const burns = take(liveGrants(current, now), paid);
    const step = append(current, { type: 'debt_repayment', amount: -paid, burns });
    entries.push(step.entry);
    current = { ...step.books, account: { ...step.books.account, debt: debt - paid } };
  }
  return { books: current, entries };
}

const expire = (grant: Grant, seq: bigint, amount: bigint): Grant =>
  grant.seq === seq ? { ...grant, expired: grant.expired + amount } : grant;

/** The grants a new spending may draw on, in burn order. */
export const liveGrants = ({ grants }: Books, now: Date): readonly Grant[] =>
  grants.filter((grant) => grant.remaining > 0n && !isOverdue(grant, now));

/** The grants a capture draws on: overdue ones, which back the holds, before the others. */
export const heldGrants = ({ grants }: Books, now: Date): readonly Grant[] => [
  ...grants.filter((grant) => isOverdue(grant, now)),
  ...grants.filter((grant) => !isOverdue(grant, now)),
];

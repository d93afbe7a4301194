import fc from 'fast-check';
import { expect } from 'vitest';
import { availableOf } from '../src/billing/account.model.ts';
import { greater } from '../src/billing/amounts.model.ts';
import { type Books, type Entry, settle } from '../src/billing/books.model.ts';
import type { Grant } from '../src/billing/grant.model.ts';
import { captureHold, closeHold, type Hold, isHoldOverdue, openHold, remainingOf } from '../src/billing/hold.model.ts';
import { credit, type Decision, debit, type Original, reverse } from '../src/billing/movement.model.ts';
import { anAccount } from './ledger-lab.ts';

/** What is asked of one account, and how much time passes before; `which` counts from the latest. */
export type Move = { readonly afterMs: number } & (
  | { readonly kind: 'credit'; readonly amount: bigint; readonly priority: number; readonly livesMs: number | null }
  | { readonly kind: 'debit'; readonly amount: bigint }
  | { readonly kind: 'hold'; readonly amount: bigint; readonly livesMs: number }
  | { readonly kind: 'capture'; readonly which: number; readonly percent: bigint; readonly final: boolean }
  | { readonly kind: 'release' | 'reverse'; readonly which: number }
);

const afterMs = fc.constantFrom(0, 0, 1, 7, 40);
const livesMs = fc.integer({ min: 1, max: 60 });
const some = fc.bigInt({ min: 1n, max: 60n });
const which = fc.nat(2);
const percent = fc.oneof(fc.bigInt({ min: 1n, max: 100n }), fc.constantFrom(100n, 200n));
const is = <Kind extends string>(kind: Kind) => fc.constant(kind);
const adding = { kind: is('credit'), amount: some.map((amount) => amount * 2n), priority: fc.nat(2) };
export const move: fc.Arbitrary<Move> = fc.oneof(
  { arbitrary: fc.record({ afterMs, ...adding, livesMs: fc.option(livesMs) }), weight: 2 },
  fc.record({ afterMs, kind: is('debit'), amount: some }),
  // Some outlive the credits behind them.
  fc.record({ afterMs, kind: is('hold'), amount: some, livesMs: fc.oneof(livesMs, fc.constant(300)) }),
  fc.record({ afterMs, kind: is('capture'), which, percent, final: fc.boolean() }),
  fc.record({ afterMs, kind: is('release'), which }),
  fc.record({ afterMs, kind: is('reverse'), which }),
);

const idOf = ({ seq }: Pick<Entry, 'seq'>): string => `entry ${seq}`;
const START = new Date('2026-03-31T23:59:59.900Z'); // a billing cycle ends on the way

/** One account that moves through time; each step gives what it did, settled before and after. */
export function createRun() {
  let books: Books = { account: anAccount({}, START), grants: [] };
  let now = START;
  const entries: Entry[] = [];
  const dates = new Map<string, Date>();
  const holds = new Map<string, Hold>();

  function keep(after: Books, written: readonly Entry[]): void {
    books = after;
    for (const entry of written) {
      entries.push(entry);
      dates.set(idOf(entry), now);
    }
  }

  function pass(): void {
    for (const hold of holds.values()) {
      if (!isHoldOverdue(hold, now)) continue;
      const closed = closeHold(books, hold, 'expired');
      if (!closed.granted) throw new Error('An open hold can expire.');
      holds.set(hold.id, closed.hold);
      keep(closed.books, []);
    }
    const step = settle(books, now);
    keep(step.books, step.entries);
  }

  const expiredOf = (seq: bigint): bigint =>
    entries
      .filter(({ type }) => type === 'expiry')
      .flatMap(({ burns }) => burns)
      .reduce((sum, burn) => (burn.grantSeq === seq ? sum + burn.amount : sum), 0n);

  function originalOf(entry: Entry): Original {
    const { seq, type, amount, burns } = entry;
    const isReversed = entries.some(({ reversesId }) => reversesId === idOf(entry));
    const createdAt = dates.get(idOf(entry)) ?? now;
    return { id: idOf(entry), seq, type, amount, burns, referenceId: null, createdAt, isReversed };
  }

  /** What the move is about, when it points at something. */
  const holdAt = (at: number): Hold | undefined => [...holds.values()].at(-1 - at);
  const originalAt = (at: number): Original | undefined => {
    const entry = entries.filter(({ type }) => type !== 'expiry' && type !== 'debt_repayment').at(-1 - at);
    return entry && originalOf(entry);
  };

  function decide(given: Move): Decision | null {
    switch (given.kind) {
      case 'credit': {
        const expiresAt = given.livesMs === null ? null : new Date(now.getTime() + given.livesMs);
        return credit(books, { type: 'credit', amount: given.amount, priority: given.priority, expiresAt }, now);
      }
      case 'debit':
        return debit(books, given.amount, now);
      case 'reverse': {
        const original = originalAt(given.which);
        return original ? reverse(books, original, now) : null;
      }
      case 'hold': {
        const expiresAt = new Date(now.getTime() + given.livesMs);
        const opened = openHold(books, { id: `hold ${holds.size}`, amount: given.amount, expiresAt });
        if (opened.granted) {
          holds.set(opened.hold.id, opened.hold);
          keep(opened.books, []);
        }
        return null;
      }
      case 'capture': {
        const hold = holdAt(given.which);
        if (!hold) return null;
        const amount = greater(1n, (remainingOf(hold) * given.percent) / 100n);
        const captured = captureHold(books, hold, { amount, final: given.final, now });
        if (captured.granted) holds.set(hold.id, captured.hold);
        return captured;
      }
      case 'release': {
        const hold = holdAt(given.which);
        const closed = hold && closeHold(books, hold, 'released');
        if (closed?.granted) {
          holds.set(closed.hold.id, closed.hold);
          keep(closed.books, []);
        }
        return null;
      }
    }
  }

  /**
   * Lets time pass, then makes the move; `before` and `after` are the books around the one entry it may have written, `expired` is what
   * had expired of the entry that is reversed.
   */
  function step(given: Move) {
    now = new Date(now.getTime() + given.afterMs);
    pass();
    const before = books;
    const original = given.kind === 'reverse' ? originalAt(given.which) : undefined;
    const expired = original ? expiredOf(original.seq) : 0n;
    const decision = decide(given);
    if (decision?.granted) keep(decision.books, [decision.entry]);
    const after = books;
    pass();
    return { before, after, original, expired, decision, now };
  }

  return { step, books: () => books, now: () => now, entries, holds };
}

/** What holds between any two moves, whatever they were. */
export function expectSound(run: ReturnType<typeof createRun>): void {
  const { account, grants } = run.books();
  expect(grants.reduce((sum, { remaining }) => sum + remaining, 0n)).toBe(account.balance);
  for (const { remaining, amount } of grants) expect(remaining >= 0n && remaining <= amount).toBe(true);
  expect(account.held >= 0n && account.balance >= account.held).toBe(true);
  expect([...run.holds.values()].reduce((sum, hold) => sum + remainingOf(hold), 0n)).toBe(account.held);
  expect(account.debt >= 0n && (account.debt === 0n || availableOf(account) === 0n)).toBe(true);
  let balance = 0n;
  for (const [index, entry] of run.entries.entries()) {
    balance += entry.amount;
    expect(entry.seq).toBe(BigInt(index + 1));
    expect(entry.balanceAfter).toBe(balance);
  }
  expect(balance).toBe(account.balance);
  expect(account.seq).toBe(BigInt(run.entries.length));
}

/** Credit by credit: which grants `amount` comes from, by sorting single credits instead of grants. */
export function oracleBurns(grants: readonly Grant[], amount: bigint, now: Date | null): ReadonlyMap<bigint, bigint> {
  const NEVER = 8_640_000_000_000_000;
  const label = ({ priority, expiresAt, seq }: Grant): string => {
    const expiry = expiresAt?.getTime() ?? NEVER;
    const overdueFirst = now !== null && expiry <= now.getTime() ? '0' : '1';
    return [overdueFirst, ...[priority, expiry, seq].map((part) => String(part).padStart(17, '0'))].join(' ');
  };
  const single = grants.flatMap((grant) => Array.from({ length: Number(grant.remaining) }, () => grant));
  const inOrder = single.toSorted((a, b) => (label(a) < label(b) ? -1 : 1)).slice(0, Number(amount));
  const taken = new Map<bigint, bigint>();
  for (const { seq } of inOrder) taken.set(seq, (taken.get(seq) ?? 0n) + 1n);
  return taken;
}

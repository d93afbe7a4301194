import {
  BalanceDepleted,
  BalanceLow,
  HoldCaptured,
  HoldExpired,
  HoldOpened,
  HoldReleased,
  type Movement,
  RechargeOpened,
} from '@morket/contract/billing';
import { DomainError } from '@morket/contract/errors';
import type { DomainEvent } from '@morket/contract/events';
import { answerName, assertSameEffect, type Keyed } from '../idempotency/index.ts';
import type { Recording } from '../record/index.ts';
import { type Account, availableOf, wantsRecharge } from './account.model.ts';
import { type Books, type Entry, settle } from './books.model.ts';
import { type ActingIn, type Command, type Item, Verdict } from './command.ts';
import { entryEvent } from './entry-event.ts';
import { entryHash } from './entry-hash.model.ts';
import { captureHold, closeHold, type HoldStep, isHoldOverdue, openHold } from './hold.model.ts';
import { credit, debit, reverse } from './movement.model.ts';
import type { Refusal } from './refusal.ts';
import {
  type Changes,
  type EntryRow,
  type HoldRow,
  inWorkspace,
  type KeptVerdict,
  type Sheet,
  type StepRow,
} from './sheet.ts';
import { toHoldDto, toTransactionDto } from './to-dto.ts';

/** What becomes of one command of a batch. `isStored`: the answer has been through JSON. `closed`: its workspace has been deleted. */
export type Outcome =
  | { readonly outcome: 'done'; readonly answer: unknown; readonly isStored: boolean }
  | { readonly outcome: 'refused'; readonly refusal: Refusal }
  | { readonly outcome: 'failed'; readonly error: DomainError }
  | { readonly outcome: 'closed' };

type About = { readonly description: string; readonly referenceId: string | null };

/** What an account did by itself is written down under the request in which it showed, and nobody's name. */
const byItself = (acting: ActingIn): ActingIn => ({ ...acting, actorId: null });

/**
 * Decides commands one after the other, in the order given, on books that are locked: the same as each in a transaction of its own. A
 * key that is decided here stands for its twins behind it. Nothing outside is touched; `newId` names what is new.
 */
export function decideBatch(
  sheet: Sheet,
  items: readonly Item[],
  newId: () => string,
): { readonly outcomes: readonly Outcome[]; readonly changes: Changes } {
  const { now } = sheet;
  const books = new Map(sheet.books);
  const settled = new Set<string>();
  const holds = new Map(sheet.holds);
  const originals = new Map(sheet.originals);
  const decided = new Map<string, { readonly fingerprint: string; readonly outcome: Outcome }>();
  const accounts = new Map<string, Account>();
  const entries: EntryRow[] = [];
  const newHolds = new Set<string>();
  const changedHolds = new Set<string>();
  const holdSteps: StepRow[] = [];
  const recharges: { workspaceId: string; id: string }[] = [];
  const answers: KeptVerdict[] = [];
  const recordings: Recording[] = [];

  const tell = (acting: ActingIn, event: DomainEvent, change: Recording['change'] = {}, id = newId()) =>
    recordings.push({ id, acting, event, change });

  function keep(workspaceId: string, current: Books): void {
    books.set(workspaceId, current);
    accounts.set(workspaceId, current.account);
  }

  /** Numbers are the model's; name, time and hash are given here. */
  function write(acting: ActingIn, entry: Entry, about: About, event?: (row: EntryRow) => DomainEvent): EntryRow {
    const { workspaceId } = acting;
    const current = books.get(workspaceId);
    if (!current) throw new Error('Entries are written into open books.');
    const { description, referenceId } = about;
    const name = { workspaceId, id: newId(), description, referenceId, createdBy: acting.actorId, createdAt: now };
    const unsealed = { ...entry, ...name };
    const row = { ...unsealed, hash: entryHash(current.account.headHash, unsealed) };
    keep(workspaceId, { ...current, account: { ...current.account, headHash: row.hash } });
    entries.push(row);
    const after = Number(row.balanceAfter);
    const change = {
      before: { balance: after - Number(row.amount) },
      after: { balance: after, transactionId: row.id },
    };
    // The event of an entry has the entry's own id.
    tell(acting, event ? event(row) : entryEvent(row, current.account), change, row.id);
    return row;
  }

  function journal(acting: ActingIn, row: HoldRow, steps: readonly HoldStep[]): void {
    const name = inWorkspace(row.workspaceId, row.id);
    (sheet.holds.has(name) ? changedHolds : newHolds).add(name);
    holds.set(name, row);
    for (const step of steps) {
      holdSteps.push({ ...step, workspaceId: row.workspaceId, holdId: row.id, createdBy: acting.actorId });
    }
  }

  /** Lets time pass: overdue holds end, then what they kept alive. */
  function bringUpToDate(acting: ActingIn): Books {
    const { workspaceId } = acting;
    const self = byItself(acting);
    const start = books.get(workspaceId);
    if (!start) throw new Error('Only open books pass time.');
    if (!settled.has(workspaceId)) {
      settled.add(workspaceId);
      for (const row of sheet.holds.values()) {
        if (row.workspaceId === workspaceId && isHoldOverdue(row, now)) expire(self, row);
      }
    }
    const step = settle(books.get(workspaceId) ?? start, now);
    books.set(workspaceId, step.books);
    for (const entry of step.entries) {
      const description = entry.type === 'expiry' ? 'Credits expired' : 'Debt repaid';
      write(self, entry, { description, referenceId: null });
    }
    return books.get(workspaceId) ?? step.books;
  }

  function expire(acting: ActingIn, row: HoldRow): void {
    const current = books.get(row.workspaceId);
    if (!current) return;
    const step = closeHold(current, row, 'expired');
    if (!step.granted) return;
    keep(row.workspaceId, step.books);
    journal(acting, { ...row, ...step.hold }, step.steps);
    tell(
      acting,
      HoldExpired(row.workspaceId, onHold(row, step.steps)),
      heldChange(current.account, step.books.account),
    );
  }

  /** What an account brings about by itself after it has been spent from. */
  function afterSpending(acting: ActingIn, before: Account): void {
    const { workspaceId } = acting;
    const current = books.get(workspaceId);
    if (!current) return;
    const [had, has] = [availableOf(before), availableOf(current.account)];
    const threshold = current.account.autoRechargeThreshold;
    const self = byItself(acting);
    if (had >= threshold && has < threshold) {
      tell(self, BalanceLow(workspaceId, { available: Number(has), threshold: Number(threshold) }));
    }
    if (had > 0n && has === 0n) tell(self, BalanceDepleted(workspaceId, { available: 0 }));
    openRechargeIfDue(acting);
  }

  /** Spending and the lack of credits alike look whether a recharge is due. */
  function openRechargeIfDue(acting: ActingIn): void {
    const { workspaceId } = acting;
    const current = books.get(workspaceId);
    if (!current || !wantsRecharge(current.account, now)) return;
    const id = newId();
    keep(workspaceId, { ...current, account: { ...current.account, openRechargeId: id } });
    recharges.push({ workspaceId, id });
    tell(byItself(acting), RechargeOpened(workspaceId, { rechargeId: id }));
  }

  /** The answer of a granted command; the refusal of another one. */
  function decide(acting: ActingIn, command: Command): Outcome {
    const { workspaceId } = acting;
    const start = bringUpToDate(acting);
    const refused = (refusal: Refusal): Outcome => {
      if (refusal.reason === 'insufficient') openRechargeIfDue(acting);
      return { outcome: 'refused', refusal };
    };
    const done = (answer: unknown): Outcome => ({ outcome: 'done', answer, isStored: false });
    const balance = () => Number(books.get(workspaceId)?.account.balance ?? 0n);
    const moved = (row: EntryRow): Outcome => {
      bringUpToDate(acting);
      return done({ transaction: toTransactionDto(row), balance: balance() });
    };

    switch (command.kind) {
      case 'settle':
        return done(null);
      case 'credit': {
        const decision = credit(start, command, now);
        if (!decision.granted) return refused(decision.refusal);
        keep(workspaceId, decision.books);
        return moved(write(acting, decision.entry, command));
      }
      case 'debit': {
        const decision = debit(start, command.amount, now);
        if (!decision.granted) return refused(decision.refusal);
        keep(workspaceId, decision.books);
        const outcome = moved(write(acting, decision.entry, command));
        afterSpending(acting, start.account);
        return outcome;
      }
      case 'reverse': {
        const name = inWorkspace(workspaceId, command.transactionId);
        const original = originals.get(name);
        if (!original) return refused({ reason: 'no_transaction' });
        const decision = reverse(start, original, now);
        if (!decision.granted) return refused(decision.refusal);
        originals.set(name, { ...original, isReversed: true });
        keep(workspaceId, decision.books);
        const about = { description: command.reason, referenceId: original.referenceId };
        return moved(write(acting, decision.entry, about));
      }
      case 'hold': {
        const id = newId();
        const expiresAt = new Date(now.getTime() + command.lifetimeSeconds * 1_000);
        const decision = openHold(start, { id, amount: command.amount, expiresAt });
        if (!decision.granted) return refused(decision.refusal);
        const { description, referenceId } = command;
        const createdBy = acting.actorId;
        if (createdBy === null) throw new Error('A hold is opened by somebody.');
        const row = { ...decision.hold, workspaceId, description, referenceId, createdBy, createdAt: now };
        keep(workspaceId, decision.books);
        journal(acting, row, decision.steps);
        const event = HoldOpened(workspaceId, { ...onHold(row, decision.steps), expiresAt: expiresAt.toISOString() });
        tell(acting, event, heldChange(start.account, decision.books.account));
        afterSpending(acting, start.account);
        return done(toHoldDto(row));
      }
      case 'capture': {
        const row = holds.get(inWorkspace(workspaceId, command.holdId));
        if (!row) return refused({ reason: 'no_hold' });
        const decision = captureHold(start, row, { ...command, now });
        if (!decision.granted) return refused(decision.refusal);
        const after = { ...row, ...decision.hold };
        keep(workspaceId, decision.books);
        journal(acting, after, decision.steps);
        const about = { description: command.description ?? row.description, referenceId: row.referenceId };
        const entry = write(acting, decision.entry, about, ({ id: transactionId, balanceAfter }) =>
          HoldCaptured(workspaceId, {
            ...onHold(row, decision.steps),
            transactionId,
            balanceAfter: Number(balanceAfter),
            final: after.state !== 'open',
          }),
        );
        bringUpToDate(acting);
        const answer = { hold: toHoldDto(after), transaction: toTransactionDto(entry), balance: balance() };
        afterSpending(acting, start.account);
        return done(answer);
      }
      case 'release': {
        const row = holds.get(inWorkspace(workspaceId, command.holdId));
        if (!row) return refused({ reason: 'no_hold' });
        const decision = closeHold(start, row, 'released');
        if (!decision.granted) return refused(decision.refusal);
        const after = { ...row, ...decision.hold };
        keep(workspaceId, decision.books);
        journal(acting, after, decision.steps);
        const event = HoldReleased(workspaceId, onHold(row, decision.steps));
        tell(acting, event, heldChange(start.account, decision.books.account));
        bringUpToDate(acting);
        return done(toHoldDto(after));
      }
    }
  }

  /** What was answered under this key before, by an earlier batch or a few items ago. */
  function earlierOutcome(acting: ActingIn, keyed: Keyed, name: string): Outcome | null {
    const twin = decided.get(name);
    if (twin) {
      assertSameEffect(twin, keyed);
      return twin.outcome;
    }
    const kept = sheet.answers.get(name);
    if (!kept) return null;
    assertSameEffect(kept, keyed);
    const verdict = Verdict.parse(kept.answer);
    if (verdict.outcome === 'refused') return verdict;
    if (verdict.outcome === 'done') return { ...verdict, isStored: true };
    const transaction = sheet.transactions.get(inWorkspace(acting.workspaceId, verdict.transactionId));
    if (!transaction) throw new Error('An answer that names an entry is read together with it.');
    return { outcome: 'done', answer: { transaction, balance: verdict.balance }, isStored: false };
  }

  function outcomeOf({ acting, command, keyed }: Item): Outcome {
    if (!books.has(acting.workspaceId)) return { outcome: 'closed' };
    if (!keyed) return decide(acting, command);
    const name = answerName(acting, keyed);
    const earlier = earlierOutcome(acting, keyed, name);
    if (earlier) return earlier;
    const outcome = decide(acting, command);
    decided.set(name, { fingerprint: keyed.fingerprint, outcome });
    answers.push({ owner: acting, keyed, answer: verdictOf(command, outcome) });
    return outcome;
  }

  const outcomes = items.map((item): Outcome => {
    try {
      return outcomeOf(item);
    } catch (err) {
      // Refused before anything was decided: another effect under the same key.
      if (err instanceof DomainError) return { outcome: 'failed', error: err };
      throw err;
    }
  });

  const grants = [...books].flatMap(([workspaceId, { grants: list }]) =>
    list.map((grant) => ({ ...grant, workspaceId })),
  );
  const known = new Map(
    [...sheet.books].map(([workspaceId, { grants: list }]) => [
      workspaceId,
      new Map(list.map((grant) => [grant.seq, grant])),
    ]),
  );
  const before = (grant: { workspaceId: string; seq: bigint }) => known.get(grant.workspaceId)?.get(grant.seq);
  const rows = (names: ReadonlySet<string>): HoldRow[] =>
    [...names].flatMap((name) => {
      const row = holds.get(name);
      return row ? [row] : [];
    });
  return {
    outcomes,
    changes: {
      at: now,
      accounts,
      entries,
      newGrants: grants.filter((grant) => before(grant) === undefined),
      changedGrants: grants.filter((grant) => {
        const was = before(grant);
        // What is given back and expires at once leaves as much as before.
        return was !== undefined && (was.remaining !== grant.remaining || was.expired !== grant.expired);
      }),
      newHolds: rows(newHolds),
      changedHolds: rows(changedHolds),
      holdSteps,
      recharges,
      answers,
      recordings,
    },
  };
}

/** As it is kept: an answer that is an entry and a balance is found again by the entry's id. */
function verdictOf(command: Command, outcome: Outcome): Verdict {
  if (outcome.outcome === 'refused') return outcome;
  if (outcome.outcome !== 'done') throw new Error('Only what was decided is kept.');
  if (command.kind !== 'credit' && command.kind !== 'debit' && command.kind !== 'reverse') {
    return { outcome: 'done', answer: outcome.answer };
  }
  const { transaction, balance } = outcome.answer as Movement; // what these three kinds answer
  return { outcome: 'moved', transactionId: transaction.id, balance };
}

const onHold = (hold: HoldRow, steps: readonly HoldStep[]) => ({
  holdId: hold.id,
  amount: Number(steps[0]?.amount ?? 0n),
  referenceId: hold.referenceId,
});

const heldChange = (before: Account, after: Account) => ({
  before: { held: Number(before.held) },
  after: { held: Number(after.held) },
});

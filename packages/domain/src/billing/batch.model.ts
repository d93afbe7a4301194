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
import { answerName, assertSameEffect, type Keyed } from '../idempotency/index.ts';
import { type Account, availableOf, wantsRecharge } from './account.model.ts';
import { type Books, settle } from './books.model.ts';
import { type ActingIn, type Command, type Item, Verdict } from './command.ts';
import { createDraft } from './draft.model.ts';
import { captureHold, closeHold, type HoldStep, isHoldOverdue, openHold } from './hold.model.ts';
import { credit, debit, reverse } from './movement.model.ts';
import type { Refusal } from './refusal.ts';
import { type Changes, type EntryRow, type HoldRow, inWorkspace, type Sheet } from './sheet.ts';
import { toHoldDto, toTransactionDto } from './to-dto.ts';

/**
 * What becomes of one command of a batch. `isStored`: the answer has been through JSON. `closed`: its workspace has been deleted.
 * `isReplay`: it was decided before, under the same key.
 */
export type Outcome = (
  | { readonly outcome: 'done'; readonly answer: unknown; readonly isStored: boolean }
  | { readonly outcome: 'refused'; readonly refusal: Refusal }
  | { readonly outcome: 'failed'; readonly error: DomainError }
  | { readonly outcome: 'closed' }
) & { readonly isReplay?: boolean };

/** What an account did by itself is written down under the request in which it showed, and nobody's name. */
const byItself = (acting: ActingIn): ActingIn => ({ ...acting, actorId: null, apiKeyId: undefined });

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
  const draft = createDraft(sheet, newId);
  const settled = new Set<string>();
  const originals = new Map(sheet.originals);
  const decided = new Map<string, { readonly fingerprint: string; readonly outcome: Outcome }>();

  /** Lets time pass: overdue holds end, then what they kept alive. */
  function bringUpToDate(acting: ActingIn): Books {
    const { workspaceId } = acting;
    const self = byItself(acting);
    if (!settled.has(workspaceId)) {
      settled.add(workspaceId);
      for (const row of sheet.holds.values()) {
        if (row.workspaceId === workspaceId && isHoldOverdue(row, now)) expire(self, row);
      }
    }
    const step = settle(draft.booksOf(workspaceId), now);
    // What has only aged need not be written.
    if (step.entries.length > 0) draft.keep(workspaceId, step.books);
    for (const entry of step.entries) {
      const description = entry.type === 'expiry' ? 'Credits expired' : 'Debt repaid';
      draft.write(self, entry, { description, referenceId: null });
    }
    return step.entries.length > 0 ? draft.booksOf(workspaceId) : step.books;
  }

  function expire(acting: ActingIn, row: HoldRow): void {
    const current = draft.booksOf(row.workspaceId);
    const step = closeHold(current, row, 'expired');
    if (!step.granted) return;
    draft.keep(row.workspaceId, step.books);
    draft.journal(acting, { ...row, ...step.hold }, step.steps);
    draft.tell(
      acting,
      HoldExpired(row.workspaceId, onHold(row, step.steps)),
      heldChange(current.account, step.books.account),
    );
  }

  /** What an account brings about by itself after it has been spent from. */
  function afterSpending(acting: ActingIn, before: Account): void {
    const { workspaceId } = acting;
    const current = draft.booksOf(workspaceId);
    const [had, has] = [availableOf(before), availableOf(current.account)];
    const threshold = current.account.autoRechargeThreshold;
    const self = byItself(acting);
    if (had >= threshold && has < threshold) {
      draft.tell(self, BalanceLow(workspaceId, { available: Number(has), threshold: Number(threshold) }));
    }
    if (had > 0n && has === 0n) draft.tell(self, BalanceDepleted(workspaceId, { available: 0 }));
    openRechargeIfDue(acting);
  }

  /** Spending and the lack of credits alike look whether a recharge is due. */
  function openRechargeIfDue(acting: ActingIn): void {
    const { workspaceId } = acting;
    if (!wantsRecharge(draft.booksOf(workspaceId).account, now)) return;
    const rechargeId = draft.openRecharge(workspaceId);
    draft.tell(byItself(acting), RechargeOpened(workspaceId, { rechargeId }));
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
    const balance = () => Number(draft.booksOf(workspaceId).account.balance);
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
        draft.keep(workspaceId, decision.books);
        return moved(draft.write(acting, decision.entry, command));
      }
      case 'debit': {
        const decision = debit(start, command.amount, now);
        if (!decision.granted) return refused(decision.refusal);
        draft.keep(workspaceId, decision.books);
        const outcome = moved(draft.write(acting, decision.entry, command));
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
        draft.keep(workspaceId, decision.books);
        const about = { description: command.reason, referenceId: original.referenceId };
        return moved(draft.write(acting, decision.entry, about));
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
        draft.keep(workspaceId, decision.books);
        draft.journal(acting, row, decision.steps);
        const event = HoldOpened(workspaceId, { ...onHold(row, decision.steps), expiresAt: expiresAt.toISOString() });
        draft.tell(acting, event, heldChange(start.account, decision.books.account));
        afterSpending(acting, start.account);
        return done(toHoldDto(row));
      }
      case 'capture': {
        const row = draft.holdOf(workspaceId, command.holdId);
        if (!row) return refused({ reason: 'no_hold' });
        const decision = captureHold(start, row, { ...command, now });
        if (!decision.granted) return refused(decision.refusal);
        const after = { ...row, ...decision.hold };
        draft.keep(workspaceId, decision.books);
        draft.journal(acting, after, decision.steps);
        const about = { description: command.description ?? row.description, referenceId: row.referenceId };
        const entry = draft.write(acting, decision.entry, about, ({ id: transactionId, balanceAfter }) =>
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
        const row = draft.holdOf(workspaceId, command.holdId);
        if (!row) return refused({ reason: 'no_hold' });
        const decision = closeHold(start, row, 'released');
        if (!decision.granted) return refused(decision.refusal);
        const after = { ...row, ...decision.hold };
        draft.keep(workspaceId, decision.books);
        draft.journal(acting, after, decision.steps);
        const event = HoldReleased(workspaceId, onHold(row, decision.steps));
        draft.tell(acting, event, heldChange(start.account, decision.books.account));
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
    if (!draft.has(acting.workspaceId)) return { outcome: 'closed' };
    if (!keyed) return decide(acting, command);
    const name = answerName(acting, keyed);
    const earlier = earlierOutcome(acting, keyed, name);
    if (earlier) return { ...earlier, isReplay: true };
    const outcome = decide(acting, command);
    decided.set(name, { fingerprint: keyed.fingerprint, outcome });
    draft.keepAnswer({ owner: acting, keyed, answer: verdictOf(command, outcome) });
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

  return { outcomes, changes: draft.changes() };
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

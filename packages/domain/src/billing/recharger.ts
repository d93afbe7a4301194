import {
  CeilingApproached,
  CeilingReached,
  RechargeActionRequired,
  RechargeBlocked,
  RechargeFailed,
  RechargeSucceeded,
} from '@morket/contract/billing';
import { Id } from '@morket/contract/primitives';
import { asPointTx, type Db, type Tx } from '@morket/db';
import { systemActing } from '../access/index.ts';
import type { CallbackRequest, ChargeOutcome, ChargeRequest, PaymentGateway } from '../payment/index.ts';
import { record } from '../record/index.ts';
import { cycleOf, SUSPENDED_UNTIL } from './account.model.ts';
import { type LockedAccount, lockAccounts } from './books.repo.ts';
import { answerOf, type Ledger } from './ledger.ts';
import {
  attemptsRestUntil,
  boughtSince,
  FAILURE_REST_MS,
  isSuspended,
  marksCrossed,
  planCharge,
} from './recharge.model.ts';
import * as repo from './recharge.repo.ts';
import { openIfDueIn } from './recharge.service.ts';

const LEASE_MS = 60_000;
/** The largest sum that stays exact in JSON. */
const MAX_AMOUNT_MINOR = BigInt(Number.MAX_SAFE_INTEGER);
const POLL_MS = 60_000;
const ASK_AGAIN_MS = 15_000;
/** A person who does not confirm a payment within a day is not going to. */
const GIVEN_UP_AFTER_MS = 24 * 3_600_000;
const isOld = ({ createdAt }: repo.RechargeRow): boolean => Date.now() - createdAt.getTime() >= GIVEN_UP_AFTER_MS;
const MAX_AT_ONCE = 50;
const JOB = 'auto-recharge';
const PRIORITY = 50;

/** What goes wrong here concerns operators: money is involved, and nobody is waiting for an answer. */
export type RechargeLog = {
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
};

type Work =
  | { readonly kind: 'charge'; readonly request: ChargeRequest }
  | { readonly kind: 'ask'; readonly chargeId: string; readonly chargeRef: string | null }
  | { readonly kind: 'nothing' };

/** Paid, and nothing to credit it to. */
const GIVEN_BACK = {
  workspace_gone: 'a recharge was paid for a workspace that is gone',
  balance_limit: 'a recharge was paid that no balance can hold',
} as const;
/** Whether nobody has been told yet that its money is to be given back, or has it. */
const mayStillBeCredited = ({ state, reason }: repo.RechargeRow): boolean =>
  state !== 'succeeded' && !(state === 'failed' && reason !== null && Object.hasOwn(GIVEN_BACK, reason));

const later = (now: Date, ms: number): Date => new Date(now.getTime() + ms);

/**
 * Works on opened recharges: plans the purchase under the account's lock, charges the card outside any transaction, and books the result
 * in another one, once. Any number of processes may work; a lease keeps them apart, and the provider knows a recharge by its id.
 */
export function createRecharger(deps: {
  readonly db: Db;
  readonly ledger: Ledger;
  readonly gateway: PaymentGateway;
  /** The price of a credit in the smallest unit of `currency`. */
  readonly creditPriceMinor: number;
  readonly currency: string;
  readonly log: RechargeLog;
}) {
  const { db, ledger, gateway, creditPriceMinor, currency, log } = deps;

  /** Takes the lease and decides what is to be done. */
  function begin(workspaceId: string): Promise<Work> {
    return db.transaction(async (tx): Promise<Work> => {
      const now = new Date();
      const [account] = await lockAccounts(asPointTx(tx), [workspaceId]);
      const row = await repo.lockWaiting(tx, workspaceId, now);
      if (!row) return { kind: 'nothing' };
      const { id, chargeRef } = row;
      const lease = { leasedUntil: later(now, LEASE_MS) };
      const history = await repo.recentRecharges(tx, workspaceId, now);
      // Asked before, and perhaps charged: the same request again, while the attempts allow it, else only a question.
      const isKnown = row.credits !== null && row.amountMinor !== null;
      const method = await repo.findMethod(tx, workspaceId, gateway.name);
      const isSameCard = method !== null && row.fingerprint === method.fingerprint;
      if (isKnown && (chargeRef !== null || !account || !isSameCard || attemptsRestUntil(history, now))) {
        await repo.saveRecharge(tx, workspaceId, id, lease);
        return { kind: 'ask', chargeId: id, chargeRef };
      }
      if (!account || !method) return close(tx, row, account, { reason: 'no_payment_method', until: SUSPENDED_UNTIL });
      const { credits, amountMinor } = row;
      const plan: { credits: bigint; amountMinor: bigint } | null =
        credits !== null && amountMinor !== null ? { credits, amountMinor } : null;
      let wanted = plan;
      if (!wanted) {
        const rule = await repo.getRule(tx, workspaceId);
        const creditedAt = await repo.lastCreditAt(tx, workspaceId);
        const card = { fingerprint: method.fingerprint };
        const decided = planCharge({ id, account, rule, ...card, history, creditedAt, now });
        if (decided.kind === 'block') return close(tx, row, account, decided);
        wanted = { credits: decided.credits, amountMinor: decided.credits * BigInt(creditPriceMinor) };
        if (wanted.amountMinor > MAX_AMOUNT_MINOR) {
          return close(tx, row, account, { reason: 'balance_limit', until: later(now, FAILURE_REST_MS) });
        }
      }
      // The attempt is on record before it is made, so that one that kills the process counts.
      const { fingerprint } = method;
      const attempt = { ...wanted, currency, fingerprint, attemptedAt: { push: now } };
      await repo.saveRecharge(tx, workspaceId, id, { ...attempt, ...lease });
      const request = {
        ...{ chargeId: id, workspaceId, amountMinor: Number(wanted.amountMinor), currency, method },
        description: `${wanted.credits} credits`,
      };
      return { kind: 'charge', request };
    });
  }

  /** Ends a recharge before anything was charged. The rule rests as long as the reason stands. */
  async function close(
    tx: Tx,
    row: repo.RechargeRow,
    account: LockedAccount | undefined,
    { reason, until }: { readonly reason: string; readonly until: Date | null },
  ): Promise<Work> {
    const { workspaceId, id } = row;
    await repo.saveRecharge(tx, workspaceId, id, { state: 'blocked', reason, settledAt: new Date() });
    if (account) await repo.saveOnAccount(tx, workspaceId, { openRechargeId: null, rechargeRestsUntil: until });
    const event = RechargeBlocked(workspaceId, { rechargeId: id, reason, until: until?.toISOString() ?? null });
    await record(tx, systemActing(workspaceId, JOB), event);
    if (reason === 'attempt_limit') log.error({ workspaceId, rechargeId: id }, 'automatic recharge tries too often');
    return { kind: 'nothing' };
  }

  /**
   * Books what the provider said. Whoever says it first is heard: callback, poll and answer settle a recharge once. Money that comes for one
   * that was given up is credited all the same.
   */
  async function settle(workspaceId: string, id: string, outcome: ChargeOutcome): Promise<void> {
    const { isSettled, isOpened } = await db.transaction(async (tx) => {
      const [account] = await lockAccounts(asPointTx(tx), [workspaceId]);
      const row = await repo.lockRecharge(tx, workspaceId, id);
      const isWaiting = row?.state === 'open' || row?.state === 'action_required';
      const isLate = outcome.status === 'succeeded' && row !== null && !isWaiting && mayStillBeCredited(row);
      if (!row || !(isWaiting || isLate)) return { isSettled: false, isOpened: false };
      if (isLate) log.error({ workspaceId, rechargeId: id }, 'a recharge that was given up has been paid');
      if (outcome.status === 'succeeded') {
        return { isSettled: true, isOpened: await succeed(tx, row, account, outcome) };
      }
      if (outcome.status === 'declined') {
        return { isSettled: true, isOpened: await fail(tx, row, account, outcome.reason) };
      }
      await wait(tx, row, outcome);
      return { isSettled: false, isOpened: false };
    });
    // A charge that came to nothing is not left open at the provider, where it could still be paid.
    if (isSettled && outcome.status === 'declined' && outcome.chargeRef !== null) {
      await gateway.cancel(outcome.chargeRef).catch((err: unknown) => {
        log.warn({ err, workspaceId, rechargeId: id }, 'a failed charge could not be voided');
      });
    }
    if (isOpened) await work(workspaceId);
  }

  /** Until the provider or a person has decided. */
  async function wait(
    tx: Tx,
    { workspaceId, id, state, actionUrl: known }: repo.RechargeRow,
    outcome: Extract<ChargeOutcome, { status: 'pending' | 'action_required' }>,
  ): Promise<void> {
    const leasedUntil = later(new Date(), POLL_MS);
    const { chargeRef } = outcome;
    if (outcome.status === 'pending') return repo.saveRecharge(tx, workspaceId, id, { chargeRef, leasedUntil });
    // A callback may know less than the answer did; the page stays where it is.
    const actionUrl = outcome.actionUrl ?? known;
    await repo.saveRecharge(tx, workspaceId, id, { state: 'action_required', chargeRef, actionUrl, leasedUntil });
    if (state !== 'open' && (known !== null || actionUrl === null)) return;
    const event = RechargeActionRequired(workspaceId, { rechargeId: id, actionUrl });
    await record(tx, systemActing(workspaceId, JOB), event);
  }

  /** Credits what was paid. Gives whether that left so little that the next recharge was opened. */
  async function succeed(
    tx: Tx,
    row: repo.RechargeRow,
    account: LockedAccount | undefined,
    paid: Extract<ChargeOutcome, { status: 'succeeded' }>,
  ): Promise<boolean> {
    const { workspaceId, id, credits } = row;
    const { chargeRef, amountMinor, currency: paidCurrency } = paid;
    const settledAt = new Date();
    const acting = systemActing(workspaceId, JOB);
    if (!account || credits === null) return giveBack(tx, row, paid, 'workspace_gone');
    if (row.amountMinor !== BigInt(amountMinor) || row.currency !== paidCurrency) {
      log.error({ workspaceId, rechargeId: id, chargeRef, amountMinor }, 'a recharge was paid with another amount');
    }
    const about = { description: 'Automatic recharge', referenceId: id };
    const grant = { priority: PRIORITY, expiresAt: null };
    const command = { kind: 'credit', type: 'auto_recharge', amount: credits, ...grant, ...about } as const;
    const outcome = await ledger.moveIn(tx, { acting, command, keyed: null });
    if (outcome.outcome !== 'done') return giveBack(tx, row, paid, 'balance_limit');
    const { transaction } = answerOf('credit', outcome);
    await repo.saveRecharge(tx, workspaceId, id, {
      ...{ state: 'succeeded', chargeRef, transactionId: transaction.id, settledAt, leasedUntil: null },
    });
    // A late one is not the one that is under way.
    const openRechargeId = account.openRechargeId === id ? null : account.openRechargeId;
    await repo.saveOnAccount(tx, workspaceId, { openRechargeId, rechargeRestsUntil: null });
    await repo.saveRule(tx, workspaceId, { failures: 0, failedFingerprint: null });
    const event = RechargeSucceeded(workspaceId, {
      ...{
        rechargeId: id,
        credits: Number(credits),
        amountMinor,
        currency: paidCurrency,
        transactionId: transaction.id,
      },
    });
    await record(tx, acting, event);
    await tellOfCeiling(tx, row, credits);
    const [current] = await lockAccounts(asPointTx(tx), [workspaceId]);
    return current ? openIfDueIn(tx, acting, current, settledAt) : false;
  }

  /** Paid, and nothing to credit it to: money that a person has to give back. */
  async function giveBack(
    tx: Tx,
    { workspaceId, id }: repo.RechargeRow,
    { chargeRef, amountMinor }: Extract<ChargeOutcome, { status: 'succeeded' }>,
    reason: 'workspace_gone' | 'balance_limit',
  ): Promise<boolean> {
    log.error({ workspaceId, rechargeId: id, chargeRef, amountMinor }, GIVEN_BACK[reason]);
    await repo.saveRecharge(tx, workspaceId, id, { state: 'failed', reason, chargeRef, settledAt: new Date() });
    const rests = { openRechargeId: null, rechargeRestsUntil: later(new Date(), FAILURE_REST_MS) };
    await repo.saveOnAccount(tx, workspaceId, rests);
    const event = RechargeFailed(workspaceId, { rechargeId: id, reason, suspended: false });
    await record(tx, systemActing(workspaceId, JOB), event);
    return false;
  }

  async function tellOfCeiling(tx: Tx, row: repo.RechargeRow, credits: bigint): Promise<void> {
    const { workspaceId } = row;
    const { monthlyLimit } = await repo.getRule(tx, workspaceId);
    if (monthlyLimit === null) return;
    const now = new Date();
    const spent = boughtSince(await repo.recentRecharges(tx, workspaceId, now), cycleOf(now).start);
    for (const percent of marksCrossed(spent - credits, spent, monthlyLimit)) {
      const define = percent === 100 ? CeilingReached : CeilingApproached;
      const about = { percent, spent: Number(spent), limit: Number(monthlyLimit) };
      await record(tx, systemActing(workspaceId, JOB), define(workspaceId, { scope: 'auto_recharge', ...about }));
    }
  }

  async function fail(
    tx: Tx,
    row: repo.RechargeRow,
    account: LockedAccount | undefined,
    reason: string,
  ): Promise<boolean> {
    const { workspaceId, id } = row;
    const now = new Date();
    await repo.saveRecharge(tx, workspaceId, id, { state: 'failed', reason, settledAt: now, leasedUntil: null });
    const rule = await repo.getRule(tx, workspaceId);
    const method = await repo.findMethod(tx, workspaceId, gateway.name);
    const { fingerprint } = row;
    const failures = rule.failedFingerprint === fingerprint ? rule.failures + 1 : 1;
    await repo.saveRule(tx, workspaceId, { failures, failedFingerprint: fingerprint });
    const blamed = { ...rule, failures, failedFingerprint: fingerprint };
    const suspended = fingerprint !== null && isSuspended(blamed, fingerprint);
    const event = RechargeFailed(workspaceId, { rechargeId: id, reason, suspended });
    await record(tx, systemActing(workspaceId, JOB), event);
    if (!account) return false;
    // The failure of a card that has been replaced holds the new one up for nothing.
    const isReplaced = method !== null && method.fingerprint !== fingerprint;
    const rests = suspended ? SUSPENDED_UNTIL : later(now, FAILURE_REST_MS);
    const change = { openRechargeId: null, rechargeRestsUntil: isReplaced ? null : rests };
    await repo.saveOnAccount(tx, workspaceId, change);
    return openIfDueIn(tx, systemActing(workspaceId, JOB), { ...account, ...change }, now);
  }

  /** Asks the provider; null while it does not know either. */
  async function perform(task: Exclude<Work, { kind: 'nothing' }>): Promise<ChargeOutcome | null> {
    if (task.kind === 'charge') return gateway.charge(task.request);
    return gateway.find({ chargeId: task.chargeId, chargeRef: task.chargeRef });
  }

  /** Works on the recharge of a workspace, if one waits. What cannot be known yet is asked again later. */
  async function work(workspaceId: string): Promise<void> {
    const task = await begin(workspaceId);
    if (task.kind === 'nothing') return;
    const id = task.kind === 'charge' ? task.request.chargeId : task.chargeId;
    let outcome: ChargeOutcome | null;
    try {
      outcome = await perform(task);
    } catch (err) {
      log.warn({ err, workspaceId, rechargeId: id }, 'the outcome of a recharge is not known yet');
      return askLater(workspaceId, id);
    }
    if (outcome === null) outcome = await giveUpUnknown(workspaceId, id);
    if (outcome === null) return askLater(workspaceId, id);
    if (outcome.status === 'action_required') outcome = await giveUpUnconfirmed(workspaceId, id, outcome);
    await settle(workspaceId, id, outcome);
  }

  async function askLater(workspaceId: string, id: string): Promise<void> {
    await db.transaction(async (tx) => {
      // Changes no state: when to ask again.
      await repo.saveRecharge(tx, workspaceId, id, { leasedUntil: later(new Date(), ASK_AGAIN_MS) });
    });
  }

  /** The provider has shown nothing of a charge for a day: it was never made. */
  async function giveUpUnknown(workspaceId: string, id: string): Promise<ChargeOutcome | null> {
    const row = await repo.findRecharge(db.read, workspaceId, id);
    if (!row || !isOld(row)) return null;
    log.error({ workspaceId, rechargeId: id }, 'a recharge is given up: the provider does not know it');
    return { status: 'declined', chargeRef: null, reason: 'canceled' };
  }

  async function giveUpUnconfirmed(
    workspaceId: string,
    id: string,
    outcome: Extract<ChargeOutcome, { status: 'action_required' }>,
  ): Promise<ChargeOutcome> {
    const row = await repo.findRecharge(db.read, workspaceId, id);
    const method = await repo.findMethod(db.read, workspaceId, gateway.name);
    // Nobody confirms a payment with a card that is no longer theirs.
    const isOtherCard = method !== null && row !== null && row.fingerprint !== method.fingerprint;
    if (!row || !(isOld(row) || isOtherCard)) return outcome;
    await gateway.cancel(outcome.chargeRef);
    // It may have been confirmed in the last moment: the provider's word counts.
    return (await gateway.find({ chargeId: id, chargeRef: outcome.chargeRef })) ?? outcome;
  }

  /** Opens a recharge that is due though nobody spends. */
  async function open(workspaceId: string): Promise<void> {
    await db.transaction(async (tx) => {
      const [account] = await lockAccounts(asPointTx(tx), [workspaceId]);
      // It is recorded by openIfDueIn( where it is opened.
      if (account) await openIfDueIn(tx, systemActing(workspaceId, JOB), account, new Date());
    });
  }

  /** Works on every recharge that waits, a few at a time: those whose process died, and those that are to be asked about. */
  async function workOnWaiting(): Promise<number> {
    const due = await repo.listDue(db.read, MAX_AT_ONCE);
    const opened = await Promise.allSettled(due.map(open));
    const workspaceIds = await repo.listWaiting(db.read, MAX_AT_ONCE);
    for (const result of [...opened, ...(await Promise.allSettled(workspaceIds.map(work)))]) {
      if (result.status === 'rejected') log.error({ err: result.reason }, 'automatic recharge failed');
    }
    return workspaceIds.length;
  }

  /** Hears the provider's callback. Throws `billing.callback_refused`. One about nothing of ours is ignored. */
  async function hear(request: CallbackRequest): Promise<void> {
    const callback = gateway.readCallback(request);
    // Ids of our recharges are UUIDs; a charge that others made through the same account is none of ours.
    if (!callback || !Id.safeParse(callback.chargeId).success) return;
    const row = await repo.findRechargeById(db.read, callback.chargeId);
    if (row) await settle(row.workspaceId, row.id, callback.outcome);
  }

  return { work, workOnWaiting, hear };
}

export type Recharger = ReturnType<typeof createRecharger>;

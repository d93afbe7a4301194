import {
  CeilingApproached,
  CeilingReached,
  RechargeActionRequired,
  RechargeFailed,
  RechargeSucceeded,
} from '@morket/contract/billing';
import { asPointTx, type Db, type Tx } from '@morket/db';
import type { ChargeOutcome } from '../payment/index.ts';
import { record } from '../record/index.ts';
import { type Account, cycleOf, SUSPENDED_UNTIL } from './account.model.ts';
import { type LockedAccount, lockAccounts } from './books.repo.ts';
import { answerOf, type Ledger } from './ledger.ts';
import { after, boughtSince, FAILURE_REST_MS, isSuspended, marksCrossed } from './recharge.model.ts';
import * as repo from './recharge.repo.ts';
import { openIfDueIn } from './recharge.service.ts';
import { asRechargeJob, type RechargeLog } from './recharge-job.ts';

const POLL_MS = 60_000;
const PRIORITY = 50;

type Paid = Extract<ChargeOutcome, { status: 'succeeded' }>;

/** Whether the outcome ended the recharge, and whether the next one was opened with it. */
export type Booked = { readonly isSettled: boolean; readonly isOpened: boolean };

/** Paid, and nothing to credit it to. */
const GIVEN_BACK = {
  workspace_gone: 'a recharge was paid for a workspace that is gone',
  balance_limit: 'a recharge was paid that no balance can hold',
} as const;
/** Whether nobody has been told yet that its money is to be given back, or has it. */
const mayStillBeCredited = ({ state, reason }: repo.RechargeRow): boolean =>
  state !== 'succeeded' && !(state === 'failed' && reason !== null && Object.hasOwn(GIVEN_BACK, reason));

/** The account without this recharge under way; a late one is not the one that is. */
const freed = ({ openRechargeId }: Account, id: string): Pick<Account, 'openRechargeId'> => ({
  openRechargeId: openRechargeId === id ? null : openRechargeId,
});

/** Books what the provider says of recharges, each under the lock of its account. */
export function createRechargeBooking(deps: {
  readonly db: Db;
  readonly ledger: Ledger;
  readonly gatewayName: string;
  readonly log: RechargeLog;
}) {
  const { db, ledger, gatewayName, log } = deps;

  /** Until the provider or a person has decided. */
  async function wait(
    tx: Tx,
    { workspaceId, id, state, actionUrl: known }: repo.RechargeRow,
    outcome: Extract<ChargeOutcome, { status: 'pending' | 'action_required' }>,
  ): Promise<void> {
    const leasedUntil = after(new Date(), POLL_MS);
    const { chargeRef } = outcome;
    if (outcome.status === 'pending') return repo.saveRecharge(tx, workspaceId, id, { chargeRef, leasedUntil });
    // A callback may know less than the answer did; the page stays where it is.
    const actionUrl = outcome.actionUrl ?? known;
    await repo.saveRecharge(tx, workspaceId, id, { state: 'action_required', chargeRef, actionUrl, leasedUntil });
    if (state !== 'open' && (known !== null || actionUrl === null)) return;
    const event = RechargeActionRequired(workspaceId, { rechargeId: id, actionUrl });
    await record(tx, asRechargeJob(workspaceId), event);
  }

  /** Credits what was paid. Gives whether that left so little that the next recharge was opened. */
  async function succeed(
    tx: Tx,
    row: repo.RechargeRow,
    account: LockedAccount | undefined,
    paid: Paid,
  ): Promise<boolean> {
    const { workspaceId, id, credits } = row;
    const { chargeRef, amountMinor, currency: paidCurrency } = paid;
    const settledAt = new Date();
    const acting = asRechargeJob(workspaceId);
    if (!account || credits === null) return giveBack(tx, row, account, { paid, reason: 'workspace_gone' });
    if (row.amountMinor !== BigInt(amountMinor) || row.currency !== paidCurrency) {
      log.error({ workspaceId, rechargeId: id, chargeRef, amountMinor }, 'a recharge was paid with another amount');
    }
    const about = { description: 'Automatic recharge', referenceId: id };
    const grant = { priority: PRIORITY, expiresAt: null };
    const command = { kind: 'credit', type: 'auto_recharge', amount: credits, ...grant, ...about } as const;
    const outcome = await ledger.moveIn(tx, { acting, command, keyed: null });
    if (outcome.outcome !== 'done') return giveBack(tx, row, account, { paid, reason: 'balance_limit' });
    const { transaction } = answerOf('credit', outcome);
    await repo.saveRecharge(tx, workspaceId, id, {
      ...{ state: 'succeeded', chargeRef, transactionId: transaction.id, settledAt, leasedUntil: null },
    });
    await repo.saveOnAccount(tx, workspaceId, { ...freed(account, id), rechargeRestsUntil: null });
    await repo.saveRule(tx, workspaceId, { failures: 0, failedFingerprint: null });
    const event = RechargeSucceeded(workspaceId, {
      rechargeId: id,
      credits: Number(credits),
      amountMinor,
      currency: paidCurrency,
      transactionId: transaction.id,
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
    account: LockedAccount | undefined,
    { paid, reason }: { readonly paid: Paid; readonly reason: keyof typeof GIVEN_BACK },
  ): Promise<boolean> {
    const { chargeRef, amountMinor } = paid;
    const now = new Date();
    log.error({ workspaceId, rechargeId: id, chargeRef, amountMinor }, GIVEN_BACK[reason]);
    await repo.saveRecharge(tx, workspaceId, id, { state: 'failed', reason, chargeRef, settledAt: now });
    if (account) {
      const rechargeRestsUntil = after(now, FAILURE_REST_MS);
      await repo.saveOnAccount(tx, workspaceId, { ...freed(account, id), rechargeRestsUntil });
    }
    const event = RechargeFailed(workspaceId, { rechargeId: id, reason, suspended: false });
    await record(tx, asRechargeJob(workspaceId), event);
    return false;
  }

  /** Tells of the marks that this purchase crossed. */
  async function tellOfCeiling(tx: Tx, row: repo.RechargeRow, credits: bigint): Promise<void> {
    const { workspaceId } = row;
    const { monthlyLimit } = await repo.getRule(tx, workspaceId);
    if (monthlyLimit === null) return;
    const now = new Date();
    const spent = boughtSince(await repo.recentRecharges(tx, workspaceId, now), cycleOf(now).start);
    for (const percent of marksCrossed(spent - credits, spent, monthlyLimit)) {
      const define = percent === 100 ? CeilingReached : CeilingApproached;
      const about = { percent, spent: Number(spent), limit: Number(monthlyLimit) };
      await record(tx, asRechargeJob(workspaceId), define(workspaceId, { scope: 'auto_recharge', ...about }));
    }
  }

  /** Ends a recharge that the provider declined. Gives whether another card made the next one open at once. */
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
    const method = await repo.findMethod(tx, workspaceId, gatewayName);
    const { fingerprint } = row;
    const failures = rule.failedFingerprint === fingerprint ? rule.failures + 1 : 1;
    await repo.saveRule(tx, workspaceId, { failures, failedFingerprint: fingerprint });
    const blamed = { ...rule, failures, failedFingerprint: fingerprint };
    const suspended = fingerprint !== null && isSuspended(blamed, fingerprint);
    const event = RechargeFailed(workspaceId, { rechargeId: id, reason, suspended });
    await record(tx, asRechargeJob(workspaceId), event);
    if (!account) return false;
    // The failure of a card that has been replaced holds the new one up for nothing.
    const isReplaced = method !== null && method.fingerprint !== fingerprint;
    const rests = suspended ? SUSPENDED_UNTIL : after(now, FAILURE_REST_MS);
    const change = { ...freed(account, id), rechargeRestsUntil: isReplaced ? null : rests };
    await repo.saveOnAccount(tx, workspaceId, change);
    return openIfDueIn(tx, asRechargeJob(workspaceId), { ...account, ...change }, now);
  }

  /**
   * Whoever says it first is heard: callback, poll and answer settle a recharge once. Money that comes for one that was given up is credited
   * all the same.
   */
  function book(workspaceId: string, id: string, outcome: ChargeOutcome): Promise<Booked> {
    return db.transaction(async (tx): Promise<Booked> => {
      const [account] = await lockAccounts(asPointTx(tx), [workspaceId]);
      const row = await repo.lockRecharge(tx, workspaceId, id);
      const isWaiting = row?.state === 'open' || row?.state === 'action_required';
      const isLate = outcome.status === 'succeeded' && row !== null && !isWaiting && mayStillBeCredited(row);
      if (!row || !(isWaiting || isLate)) return { isSettled: false, isOpened: false };
      if (isLate) log.error({ workspaceId, rechargeId: id }, 'a recharge that was given up has been paid');
      switch (outcome.status) {
        case 'succeeded':
          return { isSettled: true, isOpened: await succeed(tx, row, account, outcome) };
        case 'declined':
          return { isSettled: true, isOpened: await fail(tx, row, account, outcome.reason) };
        case 'pending':
        case 'action_required':
          await wait(tx, row, outcome);
          return { isSettled: false, isOpened: false };
      }
    });
  }

  return { book };
}

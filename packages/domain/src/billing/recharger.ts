import { Id } from '@morket/contract/primitives';
import { asPointTx, type Db } from '@morket/db';
import type { CallbackRequest, ChargeOutcome, PaymentGateway } from '../payment/index.ts';
import { lockAccounts } from './books.repo.ts';
import type { Ledger } from './ledger.ts';
import { after } from './recharge.model.ts';
import * as repo from './recharge.repo.ts';
import { openIfDueIn } from './recharge.service.ts';
import { createRechargeBooking } from './recharge-booking.ts';
import { asRechargeJob, type RechargeLog } from './recharge-job.ts';
import { createRechargeTasks, type RechargeTask } from './recharge-task.ts';

const ASK_AGAIN_MS = 15_000;
/** A person who does not confirm a payment within a day is not going to. */
const GIVEN_UP_AFTER_MS = 24 * 3_600_000;
const isOld = ({ createdAt }: repo.RechargeRow): boolean => Date.now() - createdAt.getTime() >= GIVEN_UP_AFTER_MS;
const MAX_AT_ONCE = 50;

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
  const gatewayName = gateway.name;
  const tasks = createRechargeTasks({ db, gatewayName, creditPriceMinor, currency, log });
  const booking = createRechargeBooking({ db, ledger, gatewayName, log });

  /** Asks the provider; null while it does not know either. */
  async function perform(task: RechargeTask): Promise<ChargeOutcome | null> {
    return task.kind === 'charge' ? gateway.charge(task.request) : gateway.find(task);
  }

  /** Books an outcome, and does what follows from it. */
  async function settle(workspaceId: string, id: string, outcome: ChargeOutcome): Promise<void> {
    const { isSettled, isOpened } = await booking.book(workspaceId, id, outcome);
    // A charge that came to nothing is not left open at the provider, where it could still be paid.
    if (isSettled && outcome.status === 'declined' && outcome.chargeRef !== null) {
      await gateway.cancel(outcome.chargeRef).catch((err: unknown) => {
        log.warn({ err, workspaceId, rechargeId: id }, 'a failed charge could not be voided');
      });
    }
    if (isOpened) await work(workspaceId);
  }

  /** Works on the recharge of a workspace, if one waits. What cannot be known yet is asked again later. */
  async function work(workspaceId: string): Promise<void> {
    const task = await tasks.begin(workspaceId);
    if (!task) return;
    const id = task.chargeId;
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
    // no record: it changes no state, only when to ask again.
    await db.transaction(async (tx) => {
      await repo.saveRecharge(tx, workspaceId, id, { leasedUntil: after(new Date(), ASK_AGAIN_MS) });
    });
  }

  /** The provider has shown nothing of a charge for a day: it was never made. */
  async function giveUpUnknown(workspaceId: string, id: string): Promise<ChargeOutcome | null> {
    const row = await repo.findRecharge(db.read, workspaceId, id);
    if (!row || !isOld(row)) return null;
    log.error({ workspaceId, rechargeId: id }, 'a recharge is given up: the provider does not know it');
    return { status: 'declined', chargeRef: null, reason: 'canceled' };
  }

  /** Nobody has confirmed it in time, or nobody can any more: it is cancelled, unless it has been paid meanwhile. */
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
    // no record: openIfDueIn records what it opens.
    await db.transaction(async (tx) => {
      const [account] = await lockAccounts(asPointTx(tx), [workspaceId]);
      if (account) await openIfDueIn(tx, asRechargeJob(workspaceId), account, new Date());
    });
  }

  /** Works on every recharge that waits, a few at a time: those whose process died, and those that are to be asked about. */
  async function workOnWaiting(): Promise<void> {
    const due = await repo.listDue(db.read, MAX_AT_ONCE);
    const opened = await Promise.allSettled(due.map(open));
    const workspaceIds = await repo.listWaiting(db.read, MAX_AT_ONCE);
    for (const result of [...opened, ...(await Promise.allSettled(workspaceIds.map(work)))]) {
      if (result.status === 'rejected') log.error({ err: result.reason }, 'automatic recharge failed');
    }
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

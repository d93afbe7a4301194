import { RechargeBlocked } from '@morket/contract/billing';
import { asPointTx, type Db, type Tx } from '@morket/db';
import type { ChargeRequest } from '../payment/index.ts';
import { record } from '../record/index.ts';
import { SUSPENDED_UNTIL } from './account.model.ts';
import { type LockedAccount, lockAccounts } from './books.repo.ts';
import { after, attemptsRestUntil, FAILURE_REST_MS, planCharge } from './recharge.model.ts';
import * as repo from './recharge.repo.ts';
import { asRechargeJob, type RechargeLog } from './recharge-job.ts';

const LEASE_MS = 60_000;
/** The largest sum that stays exact in JSON. */
const MAX_AMOUNT_MINOR = BigInt(Number.MAX_SAFE_INTEGER);

/** What is to be asked of the payment provider. */
export type RechargeTask =
  | { readonly kind: 'charge'; readonly chargeId: string; readonly request: ChargeRequest }
  | { readonly kind: 'ask'; readonly chargeId: string; readonly chargeRef: string | null };

type Purchase = { readonly credits: bigint; readonly amountMinor: bigint };

/** Plans the purchases of opened recharges, each under the lock of its account. */
export function createRechargeTasks(deps: {
  readonly db: Db;
  readonly gatewayName: string;
  /** The price of a credit in the smallest unit of `currency`. */
  readonly creditPriceMinor: number;
  readonly currency: string;
  readonly log: RechargeLog;
}) {
  const { db, gatewayName, creditPriceMinor, currency, log } = deps;

  /** Ends a recharge before anything was charged. The rule rests as long as the reason stands. */
  async function close(
    tx: Tx,
    row: repo.RechargeRow,
    account: LockedAccount | undefined,
    { reason, until }: { readonly reason: string; readonly until: Date | null },
  ): Promise<null> {
    const { workspaceId, id } = row;
    await repo.saveRecharge(tx, workspaceId, id, { state: 'blocked', reason, settledAt: new Date() });
    if (account) await repo.saveOnAccount(tx, workspaceId, { openRechargeId: null, rechargeRestsUntil: until });
    const event = RechargeBlocked(workspaceId, { rechargeId: id, reason, until: until?.toISOString() ?? null });
    await record(tx, asRechargeJob(workspaceId), event);
    if (reason === 'attempt_limit') log.error({ workspaceId, rechargeId: id }, 'automatic recharge tries too often');
    return null;
  }

  /** Takes the lease of the recharge that waits and decides what is to be done; null when there is nothing. */
  function begin(workspaceId: string): Promise<RechargeTask | null> {
    return db.transaction(async (tx): Promise<RechargeTask | null> => {
      const now = new Date();
      const [account] = await lockAccounts(asPointTx(tx), [workspaceId]);
      const row = await repo.lockWaiting(tx, workspaceId, now);
      if (!row) return null;
      const { id: chargeId, chargeRef, credits, amountMinor } = row;
      const lease = { leasedUntil: after(now, LEASE_MS) };
      const history = await repo.recentRecharges(tx, workspaceId, now);
      const method = await repo.findMethod(tx, workspaceId, gatewayName);
      // Asked before, and perhaps charged: the same request again, while card and attempts allow it, else only a question.
      const planned = credits !== null && amountMinor !== null ? { credits, amountMinor } : null;
      const isSameCard = method !== null && row.fingerprint === method.fingerprint;
      if (planned && (chargeRef !== null || !account || !isSameCard || attemptsRestUntil(history, now))) {
        await repo.saveRecharge(tx, workspaceId, chargeId, lease);
        return { kind: 'ask', chargeId, chargeRef };
      }
      if (!account || !method) return close(tx, row, account, { reason: 'no_payment_method', until: SUSPENDED_UNTIL });
      const { fingerprint } = method;
      let wanted: Purchase | null = planned;
      if (!wanted) {
        const rule = await repo.getRule(tx, workspaceId);
        const creditedAt = await repo.lastCreditAt(tx, workspaceId);
        const plan = planCharge({ id: chargeId, account, rule, fingerprint, history, creditedAt, now });
        if (plan.kind === 'block') return close(tx, row, account, plan);
        wanted = { credits: plan.credits, amountMinor: plan.credits * BigInt(creditPriceMinor) };
        if (wanted.amountMinor > MAX_AMOUNT_MINOR) {
          return close(tx, row, account, { reason: 'balance_limit', until: after(now, FAILURE_REST_MS) });
        }
      }
      // The attempt is on record before it is made, so that one that kills the process counts.
      const attempt = { ...wanted, currency, fingerprint, attemptedAt: { push: now } };
      await repo.saveRecharge(tx, workspaceId, chargeId, { ...attempt, ...lease });
      const request = {
        ...{ chargeId, workspaceId, amountMinor: Number(wanted.amountMinor), currency, method },
        description: `${wanted.credits} credits`,
      };
      return { kind: 'charge', chargeId, request };
    });
  }

  return { begin };
}

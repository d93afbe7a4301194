import {
  type AutoRecharge,
  AutoRechargeSet,
  BalanceTooLarge,
  type Billing,
  PaymentMethodRequired,
  PaymentMethodSet,
  type PaymentMethodSummary,
  PaymentsUnavailable,
  type Recharge,
  RechargeOpened,
  type SetAutoRechargeInput,
  type SetPaymentMethodInput,
} from '@morket/contract/billing';
import { Forbidden } from '@morket/contract/errors';
import type { Page, PageInput } from '@morket/contract/primitives';
import { asPointTx, type Db, type Tx } from '@morket/db';
import type { Acting, WorkspaceScope } from '../access/index.ts';
import { findReplay, isReplay, once } from '../idempotency/index.ts';
import { newId } from '../ids/index.ts';
import type { PaymentGateway } from '../payment/index.ts';
import { record } from '../record/index.ts';
import { type Account, cycleOf, MAX_BALANCE, SUSPENDED_UNTIL, wantsRecharge } from './account.model.ts';
import { getBooks } from './billing.repo.ts';
import { settle } from './books.model.ts';
import { type LockedAccount, lockAccounts } from './books.repo.ts';
import { boughtSince, isSuspended, type RechargeLimits } from './recharge.model.ts';
import * as repo from './recharge.repo.ts';
import { toBillingDto } from './to-dto.ts';

const RETRY_AFTER_SECONDS = 60;

/** Locks one account, or says that there is none any more. */
async function lockAccount(tx: Tx, workspaceId: string): Promise<LockedAccount> {
  const [account] = await lockAccounts(asPointTx(tx), [workspaceId]);
  if (!account) throw Forbidden({});
  return account;
}

/** Opens a recharge where one is due; the caller holds the lock. Gives whether there is one to work on. */
export async function openIfDueIn(tx: Tx, acting: Acting, account: LockedAccount, now: Date): Promise<boolean> {
  if (!wantsRecharge(account, now)) return false;
  const { workspaceId } = account;
  const id = newId();
  await repo.insertRecharge(tx, workspaceId, id, now);
  await repo.saveOnAccount(tx, workspaceId, { openRechargeId: id });
  await record(tx, { ...acting, actorId: null, apiKeyId: undefined }, RechargeOpened(workspaceId, { rechargeId: id }));
  return true;
}

/** The rule of automatic recharge, the card it charges, and what it has bought. */
export function createRechargeService(deps: {
  readonly db: Db;
  /** Null where no payment provider is set up. */
  readonly gateway: PaymentGateway | null;
  readonly currency: string;
  readonly onRecharge: (workspaceId: string) => void;
}) {
  const { db, gateway, currency, onRecharge } = deps;
  const method = (reader: Tx | Db['read'], workspaceId: string) =>
    gateway ? repo.findMethod(reader, workspaceId, gateway.name) : Promise.resolve(null);

  /** Throws `billing.payment_method_required`, `billing.balance_too_large`. */
  async function setRule(scope: WorkspaceScope, input: SetAutoRechargeInput): Promise<Billing> {
    const { enabled } = input;
    const { workspaceId } = scope;
    const threshold = BigInt(input.threshold);
    const amount = BigInt(input.amount);
    // A recharge starts from less than the threshold, so under this sum it can never pass the largest balance.
    if (threshold + amount > MAX_BALANCE) throw BalanceTooLarge({ maxBalance: Number(MAX_BALANCE) });
    let isOpened = false;
    const billing = await once(db, scope, async (tx) => {
      const before = await lockAccount(tx, workspaceId);
      if (enabled && !(await method(tx, workspaceId))) throw PaymentMethodRequired({});
      const now = new Date();
      const change = {
        ...{ autoRecharge: enabled, autoRechargeThreshold: threshold, autoRechargeAmount: amount },
        // The limits may be others now; the next purchase asks them again.
        rechargeRestsUntil: null,
      };
      const limitsBefore = await repo.getRule(tx, workspaceId);
      const limits = limitsOf(input);
      await repo.saveOnAccount(tx, workspaceId, change);
      await repo.saveRule(tx, workspaceId, limits);
      const after = ruleOf({ ...before, ...change }, limits);
      await record(tx, scope, AutoRechargeSet(workspaceId, after), { before: ruleOf(before, limitsBefore), after });
      isOpened = await openIfDueIn(tx, scope, { ...before, ...change }, now);
      const books = await getBooks(asPointTx(tx), scope);
      return toBillingDto(workspaceId, settle(books, now).books.account);
    });
    if (isOpened && !isReplay(scope)) onRecharge(workspaceId);
    return billing;
  }

  async function getRule(scope: WorkspaceScope): Promise<AutoRecharge> {
    const { workspaceId } = scope;
    const now = new Date();
    const [{ account }, rule, stored, history] = await Promise.all([
      getBooks(db.points, scope),
      repo.getRule(db.read, workspaceId),
      method(db.read, workspaceId),
      repo.recentRecharges(db.read, workspaceId, now),
    ]);
    const rests = account.rechargeRestsUntil;
    const isSuspendedNow = stored !== null && isSuspended(rule, stored.fingerprint);
    return {
      ...{ enabled: account.autoRecharge, threshold: Number(account.autoRechargeThreshold) },
      amount: Number(account.autoRechargeAmount),
      maxAmount: rule.maxAmount === null ? null : Number(rule.maxAmount),
      monthlyLimit: rule.monthlyLimit === null ? null : Number(rule.monthlyLimit),
      maxPurchases:
        rule.maxPurchases === null || rule.maxPurchasesPer === null
          ? null
          : { count: rule.maxPurchases, per: rule.maxPurchasesPer },
      boughtThisCycle: Number(boughtSince(history, cycleOf(now).start)),
      paymentMethod: stored && { label: stored.label },
      suspended: isSuspendedNow,
      restsUntil: rests !== null && rests > now && rests < SUSPENDED_UNTIL ? rests : null,
    };
  }

  /** Throws `billing.payment_method_refused`, `billing.payments_unavailable`. Another card lifts a suspension. */
  async function setMethod(scope: WorkspaceScope, { token }: SetPaymentMethodInput): Promise<PaymentMethodSummary> {
    // A repeated call does not bother the provider again.
    const earlier = await findReplay<PaymentMethodSummary>(db, scope);
    if (earlier) return earlier.answer;
    if (!gateway) throw PaymentsUnavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS });
    const { workspaceId } = scope;
    const { name } = gateway;
    const known = await method(db.read, workspaceId);
    // Before the transaction: a provider may take seconds.
    const attached = await gateway.attach({ workspaceId, token, customerRef: known?.customerRef ?? null });
    let isWaiting = false;
    const summary = await once(db, scope, async (tx) => {
      isWaiting = false;
      const account = await lockAccount(tx, workspaceId);
      const before = await method(tx, workspaceId);
      await repo.saveMethod(tx, workspaceId, { ...attached, gateway: name });
      await record(tx, scope, PaymentMethodSet(workspaceId, { label: attached.label }), {
        before: { label: before?.label ?? null },
        after: { label: attached.label },
      });
      const { label } = attached;
      if (before?.fingerprint === attached.fingerprint) return { label };
      // What the rule rests for may be over: a failure or a suspension holds for the card it came with, and the next purchase asks.
      await repo.saveOnAccount(tx, workspaceId, { rechargeRestsUntil: null });
      // A payment that waits for somebody with the card of before is looked at again at once.
      if (account.openRechargeId !== null) {
        await repo.saveRecharge(tx, workspaceId, account.openRechargeId, { leasedUntil: null });
        isWaiting = true;
      } else isWaiting = await openIfDueIn(tx, scope, { ...account, rechargeRestsUntil: null }, new Date());
      return { label };
    });
    if (isWaiting && !isReplay(scope)) onRecharge(workspaceId);
    return summary;
  }

  /** Forgets the card; automatic recharge is switched off with it. */
  async function removeMethod(scope: WorkspaceScope): Promise<null> {
    const { workspaceId } = scope;
    return once(db, scope, async (tx) => {
      const account = await lockAccount(tx, workspaceId);
      const before = await method(tx, workspaceId);
      await tx.paymentMethod.deleteMany({ where: { workspaceId } });
      await repo.saveOnAccount(tx, workspaceId, { autoRecharge: false });
      if (before) {
        await record(tx, scope, PaymentMethodSet(workspaceId, { label: null }), {
          before: { label: before.label, enabled: account.autoRecharge },
          after: { label: null, enabled: false },
        });
      }
      return null;
    });
  }

  /** Newest first. */
  async function list(scope: WorkspaceScope, input: PageInput): Promise<Page<Recharge>> {
    const { rows, total } = await repo.listRecharges(db.read, scope.workspaceId, input);
    return { items: rows.map((row) => repo.toRechargeDto(row, currency)), ...input, total };
  }

  return { setRule, getRule, setMethod, removeMethod, list };
}

const ruleOf = (
  { autoRecharge: enabled, autoRechargeThreshold, autoRechargeAmount }: Account,
  { maxAmount, monthlyLimit, maxPurchases, maxPurchasesPer }: RechargeLimits,
) => ({
  ...{ enabled, threshold: Number(autoRechargeThreshold), amount: Number(autoRechargeAmount) },
  maxAmount: maxAmount === null ? null : Number(maxAmount),
  monthlyLimit: monthlyLimit === null ? null : Number(monthlyLimit),
  ...{ maxPurchases, maxPurchasesPer },
});

const limitsOf = ({ maxAmount, monthlyLimit, maxPurchases }: SetAutoRechargeInput) => ({
  maxAmount: maxAmount === undefined ? null : BigInt(maxAmount),
  monthlyLimit: monthlyLimit === undefined ? null : BigInt(monthlyLimit),
  maxPurchases: maxPurchases?.count ?? null,
  maxPurchasesPer: maxPurchases?.per ?? null,
});

export type RechargeService = ReturnType<typeof createRechargeService>;

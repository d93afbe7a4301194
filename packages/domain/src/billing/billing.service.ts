import {
  type AddCreditsInput,
  AutoRecharged,
  AutoRechargeSet,
  BalanceTooLarge,
  type Billing,
  CreditLimitSet,
  CreditsAdded,
  CreditsDebited,
  type CreditTransaction,
  type DebitInput,
  type Movement,
  type SetAutoRechargeInput,
  type SetCreditLimitInput,
} from '@morket/contract/billing';
import type { Page, PageInput } from '@morket/contract/primitives';
import { CommitUnknown, type Db, type Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import { findAnswer, type Keyed, keepAnswer } from '../idempotency/index.ts';
import { record } from '../record/index.ts';
import { cycleOf, decideCredit, decideDebit, type Entry, inCurrentCycle, MAX_BALANCE } from './billing.model.ts';
import * as repo from './billing.repo.ts';
import { refusalError, Verdict, verdictOf } from './verdict.ts';

type About = { readonly description: string; readonly referenceId: string | null };

/** What a movement comes to inside its transaction: a refusal is a value there, because throwing would undo its record. */
type Decided = { readonly verdict: Verdict; readonly transaction: CreditTransaction | null };

const EVENTS = { credit: CreditsAdded, debit: CreditsDebited, auto_recharge: AutoRecharged } as const;

/** Credits of a workspace. Every movement: lock the account, replay or decide, append entries, record, keep the verdict. */
export function createBillingService({ db }: { readonly db: Db }) {
  /** Joins the transaction that makes the workspace. */
  async function openAccountIn(tx: Tx, workspaceId: string): Promise<void> {
    await repo.insertAccount(tx, workspaceId, cycleOf(new Date()));
  }

  /** Appends the entries of one movement, tells of each, and gives the one the caller asked for. */
  async function appendIn(
    tx: Tx,
    scope: WorkspaceScope,
    account: repo.LockedAccount,
    movement: { readonly entries: readonly Entry[]; readonly about: About },
  ): Promise<CreditTransaction> {
    const { entries, about } = movement;
    await repo.saveMovement(tx, scope, account);
    const rows = await repo.insertEntries(tx, scope, entries, { ...about, at: account.now });
    const transactions = rows.map(repo.toTransactionDto);
    for (const { id, amount, type, balanceAfter, referenceId } of transactions) {
      const event = EVENTS[type](scope.workspaceId, { transactionId: id, amount, balanceAfter, referenceId });
      await record(tx, scope, event, {
        before: { balance: balanceAfter - amount },
        after: { balance: balanceAfter, transactionId: id },
      });
    }
    const asked = transactions.find((transaction) => transaction.type !== 'auto_recharge');
    if (!asked) throw new Error('A movement has the entry it was asked for.');
    return asked;
  }

  /** Runs one movement under its idempotency key, if it has one. The account is locked before the key is looked up. */
  async function move(
    scope: WorkspaceScope,
    keyed: Keyed | null,
    decide: (tx: Tx, account: repo.LockedAccount) => Promise<Decided>,
  ): Promise<Movement> {
    const attempt = () =>
      db.transaction(async (tx): Promise<Decided> => {
        const account = await repo.lockAccount(tx, scope);
        const earlier = keyed && (await findAnswer(tx, scope, keyed));
        if (earlier) return replay(tx, scope, Verdict.parse(earlier));
        // Its record is written by appendIn; a refusal changes no state.
        const decided = await decide(tx, account);
        if (keyed) await keepAnswer(tx, scope, keyed, decided.verdict);
        return decided;
      });
    const { verdict, transaction } = await attempt().catch((err: unknown) => {
      // The kept verdict tells whether the lost commit arrived; without a key nothing can, and nothing is repeated.
      if (keyed && err instanceof CommitUnknown) return attempt();
      throw err;
    });
    if (verdict.outcome !== 'moved') throw refusalError(verdict);
    if (!transaction) throw new Error('A verdict that moved credits names its entry.');
    return { transaction, balance: verdict.balance };
  }

  async function replay(tx: Tx, scope: WorkspaceScope, verdict: Verdict): Promise<Decided> {
    if (verdict.outcome !== 'moved') return { verdict, transaction: null };
    return { verdict, transaction: repo.toTransactionDto(await repo.getTransaction(tx, scope, verdict.transactionId)) };
  }

  /** Throws `billing.balance_too_large`, `idempotency.mismatch`. */
  async function addCredits(scope: WorkspaceScope, input: AddCreditsInput): Promise<Movement> {
    const { idempotencyKey: key, amount, description } = input;
    const keyed = key === undefined ? null : { procedure: 'billing.addCredits', key, input: { amount, description } };
    return move(scope, keyed, async (tx, locked) => {
      const credited = decideCredit(locked, BigInt(amount));
      if (!credited) return { verdict: { outcome: 'too_large' }, transaction: null };
      const about = { description, referenceId: null };
      const account = { ...credited.account, now: locked.now };
      const transaction = await appendIn(tx, scope, account, { entries: [credited.entry], about });
      const verdict = { outcome: 'moved', transactionId: transaction.id, balance: transaction.balanceAfter } as const;
      return { verdict, transaction };
    });
  }

  /** Throws `billing.insufficient_credits`, `billing.credit_limit_reached`, `idempotency.mismatch`. */
  async function debit(scope: WorkspaceScope, input: DebitInput): Promise<Movement> {
    const { idempotencyKey: key, amount, description, referenceId = null } = input;
    const keyed =
      key === undefined ? null : { procedure: 'billing.debit', key, input: { amount, description, referenceId } };
    return move(scope, keyed, async (tx, locked) => {
      const decision = decideDebit(locked, BigInt(amount), locked.now);
      if (!decision.granted) return { verdict: verdictOf(decision.refusal), transaction: null };
      const about = { description, referenceId };
      const account = { ...decision.account, now: locked.now };
      const transaction = await appendIn(tx, scope, account, { entries: decision.entries, about });
      const balance = Number(decision.account.balance);
      return { verdict: { outcome: 'moved', transactionId: transaction.id, balance }, transaction };
    });
  }

  async function get(scope: WorkspaceScope): Promise<Billing> {
    return repo.toBillingDto(scope, inCurrentCycle(await repo.getAccount(db.read, scope), new Date()));
  }

  /** The ledger, newest first. */
  async function transactions(scope: WorkspaceScope, input: PageInput): Promise<Page<CreditTransaction>> {
    const { items, total } = await repo.listTransactions(db.read, scope, input);
    return { items, page: input.page, limit: input.limit, total };
  }

  /** Moves no credits by itself: the rule acts on the debits that follow. Throws `billing.balance_too_large`. */
  async function setAutoRecharge(scope: WorkspaceScope, input: SetAutoRechargeInput): Promise<Billing> {
    const { enabled } = input;
    const threshold = BigInt(input.threshold);
    const amount = BigInt(input.amount);
    // A recharge starts from less than the threshold, so under this sum it can never pass the largest balance.
    if (threshold + amount > MAX_BALANCE) throw BalanceTooLarge({ maxBalance: Number(MAX_BALANCE) });
    return db.transaction(async (tx) => {
      const before = await repo.lockAccount(tx, scope);
      await repo.saveAutoRecharge(tx, scope, { enabled, threshold, amount });
      await record(tx, scope, AutoRechargeSet(scope.workspaceId, input), {
        before: {
          enabled: before.autoRecharge,
          threshold: before.autoRechargeThreshold,
          amount: before.autoRechargeAmount,
        },
        after: { enabled, threshold, amount },
      });
      const after = { autoRecharge: enabled, autoRechargeThreshold: threshold, autoRechargeAmount: amount };
      return repo.toBillingDto(scope, inCurrentCycle({ ...before, ...after }, before.now));
    });
  }

  /** What a billing cycle may spend in all; null lifts it. What has been spent already counts. */
  async function setCreditLimit(scope: WorkspaceScope, input: SetCreditLimitInput): Promise<Billing> {
    const creditLimit = input.creditLimit === null ? null : BigInt(input.creditLimit);
    return db.transaction(async (tx) => {
      const before = await repo.lockAccount(tx, scope);
      await repo.saveCreditLimit(tx, scope, creditLimit);
      await record(tx, scope, CreditLimitSet(scope.workspaceId, input), {
        before: { creditLimit: before.creditLimit },
        after: { creditLimit },
      });
      return repo.toBillingDto(scope, inCurrentCycle({ ...before, creditLimit }, before.now));
    });
  }

  /** Joins the transaction that deletes the workspace: no movement passes this account any more. */
  async function closeAccountIn(tx: Tx, scope: WorkspaceScope): Promise<void> {
    await repo.closeAccount(tx, scope);
  }

  return { openAccountIn, closeAccountIn, addCredits, debit, get, transactions, setAutoRecharge, setCreditLimit };
}

export type BillingService = ReturnType<typeof createBillingService>;

import {
  type AddCreditsInput,
  type BalanceAt,
  type BalanceAtInput,
  type Billing,
  type CreditGrant,
  CreditLimitSet,
  type CreditTransaction,
  type DebitInput,
  type Movement,
  type ReverseInput,
  type SetCreditLimitInput,
} from '@morket/contract/billing';
import { Forbidden } from '@morket/contract/errors';
import type { Page, PageInput } from '@morket/contract/primitives';
import { asPointTx, type Db, type Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import { keyedBy, once } from '../idempotency/index.ts';
import { record } from '../record/index.ts';
import { cycleOf } from './account.model.ts';
import * as repo from './billing.repo.ts';
import { type Books, settle } from './books.model.ts';
import { lockAccounts } from './books.repo.ts';
import type { Ledger } from './ledger.ts';
import { toBillingDto } from './to-dto.ts';

const DEFAULT_PRIORITY = 50;

/** Credits of a workspace: what they are, and the verbs that move them. */
export function createBillingService({ db, ledger }: { readonly db: Db; readonly ledger: Ledger }) {
  /** Joins the transaction that makes the workspace. */
  async function openAccountIn(tx: Tx, workspaceId: string): Promise<void> {
    await repo.insertAccount(tx, workspaceId, cycleOf(new Date()));
  }

  /** Joins the transaction that deletes the workspace: no movement passes this account any more. */
  async function closeAccountIn(tx: Tx, scope: WorkspaceScope): Promise<void> {
    await repo.closeAccount(tx, scope);
  }

  /** Throws `billing.balance_too_large`, `billing.expiry_in_the_past`, `idempotency.mismatch`. */
  function addCredits(scope: WorkspaceScope, input: AddCreditsInput, signal?: AbortSignal): Promise<Movement> {
    const { idempotencyKey, amount, description, expiresAt, priority = DEFAULT_PRIORITY } = input;
    // What was not asked for is left out, so that a key outlives fields that are added later.
    const own = { ...(expiresAt !== undefined && { expiresAt }), ...(input.priority !== undefined && { priority }) };
    const keyed = keyedBy('billing.addCredits', idempotencyKey, { amount, description, ...own });
    const grant = { priority, expiresAt: expiresAt === undefined ? null : new Date(expiresAt) };
    const about = { description, referenceId: null };
    const command = { kind: 'credit', type: 'credit', amount: BigInt(amount), ...grant, ...about } as const;
    return ledger.move({ acting: scope, command, keyed }, signal);
  }

  /** Throws `billing.insufficient_credits`, `billing.credit_limit_reached`, `idempotency.mismatch`. */
  function debit(scope: WorkspaceScope, input: DebitInput, signal?: AbortSignal): Promise<Movement> {
    const { idempotencyKey, amount, description, referenceId = null } = input;
    const keyed = keyedBy('billing.debit', idempotencyKey, { amount, description, referenceId });
    const command = { kind: 'debit', amount: BigInt(amount), description, referenceId } as const;
    return ledger.move({ acting: scope, command, keyed }, signal);
  }

  /** Throws `billing.transaction_not_found`, `billing.not_reversible`, `billing.balance_too_large`, `idempotency.mismatch`. */
  function reverse(scope: WorkspaceScope, input: ReverseInput, signal?: AbortSignal): Promise<Movement> {
    const { idempotencyKey, transactionId, reason } = input;
    const keyed = keyedBy('billing.reverse', idempotencyKey, { transactionId, reason });
    return ledger.move({ acting: scope, command: { kind: 'reverse', transactionId, reason }, keyed }, signal);
  }

  /** As the next movement will find it: what has expired meanwhile counts no more, booked or not. */
  async function get(scope: WorkspaceScope): Promise<Billing> {
    return toCurrentDto(scope, await repo.getBooks(db.points, scope), new Date());
  }

  /** The ledger, newest first. */
  async function transactions(scope: WorkspaceScope, input: PageInput): Promise<Page<CreditTransaction>> {
    return { ...(await repo.listTransactions(db.read, scope, input)), page: input.page, limit: input.limit };
  }

  /** What the balance consists of, in the order in which it will be spent. */
  async function grants(scope: WorkspaceScope, input: PageInput): Promise<Page<CreditGrant>> {
    return { ...(await repo.listGrants(db.read, scope, input)), page: input.page, limit: input.limit };
  }

  /** What the books showed at an instant. Credits that had expired by then count until their expiry was booked, seconds later. */
  function balanceAt(scope: WorkspaceScope, input: BalanceAtInput): Promise<BalanceAt> {
    return repo.balanceAt(db.read, scope, new Date(input.at));
  }

  /** What a billing cycle may spend in all; null lifts it. What has been spent already counts. */
  async function setCreditLimit(scope: WorkspaceScope, input: SetCreditLimitInput): Promise<Billing> {
    const creditLimit = input.creditLimit === null ? null : BigInt(input.creditLimit);
    return once(db, scope, async (tx) => {
      const [before] = await lockAccounts(asPointTx(tx), [scope.workspaceId]);
      if (!before) throw Forbidden({});
      await repo.saveCreditLimit(tx, scope, creditLimit);
      await record(tx, scope, CreditLimitSet(scope.workspaceId, input), {
        before: { creditLimit: before.creditLimit },
        after: { creditLimit },
      });
      return toCurrentDto(scope, await repo.getBooks(asPointTx(tx), scope), new Date());
    });
  }

  return {
    ...{ openAccountIn, closeAccountIn, addCredits, debit, reverse },
    ...{ get, transactions, grants, balanceAt, setCreditLimit },
  };
}

const toCurrentDto = (scope: WorkspaceScope, books: Books, now: Date): Billing =>
  toBillingDto(scope.workspaceId, settle(books, now).books.account);

export type BillingService = ReturnType<typeof createBillingService>;

import {
  AddCreditsInput,
  BalanceAt,
  BalanceAtInput,
  BalanceTooLarge,
  Billing,
  CreditLimitReached,
  DebitInput,
  ExpiryInThePast,
  GrantPage,
  InsufficientCredits,
  LedgerVerification,
  ListTransactionsInput,
  Movement,
  NotReversible,
  ReverseInput,
  SetCreditLimitInput,
  TransactionNotFound,
  TransactionPage,
} from '@morket/contract/billing';
import { PageInput } from '@morket/contract/primitives';
import { keyed } from '../idempotency-key.ts';
import { workspaceProcedure } from '../procedures/index.ts';
import { t } from '../trpc.ts';
import { holdRouter } from './hold.router.ts';
import { rechargeProcedures } from './recharge.router.ts';

const BILLING = '/workspaces/{workspaceId}/billing';

export const billingRouter = t.router({
  get: workspaceProcedure('billing:read')
    .meta({ rest: { method: 'GET', path: BILLING }, summary: 'Balance, limits and cycle' })
    .output(Billing)
    .query(({ ctx }) => ctx.services.billing.get(ctx.scope)),
  addCredits: workspaceProcedure('billing:manage')
    .meta({
      rest: { method: 'POST', path: `${BILLING}/credits`, status: 201 },
      summary: 'Add credits',
      errors: [BalanceTooLarge, ExpiryInThePast],
    })
    .input(AddCreditsInput)
    .output(Movement)
    .mutation(({ ctx, input, signal }) => ctx.services.billing.addCredits(ctx.scope, keyed(ctx, input), signal)),
  debit: workspaceProcedure('billing:spend')
    .meta({
      rest: { method: 'POST', path: `${BILLING}/debits` },
      summary: 'Spend credits',
      errors: [InsufficientCredits, CreditLimitReached],
    })
    .input(DebitInput)
    .output(Movement)
    .mutation(({ ctx, input, signal }) => ctx.services.billing.debit(ctx.scope, keyed(ctx, input), signal)),
  reverse: workspaceProcedure('billing:manage')
    .meta({
      rest: { method: 'POST', path: `${BILLING}/transactions/{transactionId}/reversal`, status: 201 },
      summary: 'Take a transaction back by a new one',
      errors: [TransactionNotFound, NotReversible, BalanceTooLarge],
    })
    .input(ReverseInput)
    .output(Movement)
    .mutation(({ ctx, input, signal }) => ctx.services.billing.reverse(ctx.scope, keyed(ctx, input), signal)),
  transactions: workspaceProcedure('billing:read')
    .meta({ rest: { method: 'GET', path: `${BILLING}/transactions` }, summary: 'The ledger, newest first' })
    .input(ListTransactionsInput)
    .output(TransactionPage)
    .query(({ ctx, input }) => ctx.services.billing.transactions(ctx.scope, input)),
  grants: workspaceProcedure('billing:read')
    .meta({
      rest: { method: 'GET', path: `${BILLING}/grants` },
      summary: 'What the balance consists of, in the order in which it will be spent',
    })
    .input(PageInput)
    .output(GrantPage)
    .query(({ ctx, input }) => ctx.services.billing.grants(ctx.scope, input)),
  balanceAt: workspaceProcedure('billing:read')
    .meta({ rest: { method: 'GET', path: `${BILLING}/balance` }, summary: 'The balance at an instant' })
    .input(BalanceAtInput)
    .output(BalanceAt)
    .query(({ ctx, input }) => ctx.services.billing.balanceAt(ctx.scope, input)),
  verify: workspaceProcedure('billing:manage')
    .meta({
      rest: { method: 'GET', path: `${BILLING}/verification` },
      summary: 'Derive every balance from the ledger anew, and compare',
    })
    .output(LedgerVerification)
    .query(({ ctx, signal }) => ctx.services.ledgerAudit.verify(ctx.scope, signal)),
  setCreditLimit: workspaceProcedure('billing:manage')
    .meta({
      rest: { method: 'PUT', path: `${BILLING}/credit-limit` },
      summary: 'Cap what a billing cycle may spend',
    })
    .input(SetCreditLimitInput)
    .output(Billing)
    .mutation(({ ctx, input }) => ctx.services.billing.setCreditLimit(ctx.scope, input)),
  ...rechargeProcedures,
  holds: holdRouter,
});

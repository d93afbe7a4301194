import {
  AddCreditsInput,
  BalanceTooLarge,
  Billing,
  CreditLimitReached,
  DebitInput,
  InsufficientCredits,
  ListTransactionsInput,
  Movement,
  SetAutoRechargeInput,
  SetCreditLimitInput,
  TransactionPage,
} from '@morket/contract/billing';
import { IdempotencyMismatch } from '@morket/contract/errors';
import { workspaceProcedure } from '../procedures/index.ts';
import { t } from '../trpc.ts';
import { keyed } from './idempotency-key.ts';

export const billingRouter = t.router({
  get: workspaceProcedure('billing:read')
    .meta({ rest: { method: 'GET', path: '/workspaces/{workspaceId}/billing' }, summary: 'Balance, limits and cycle' })
    .output(Billing)
    .query(({ ctx }) => ctx.services.billing.get(ctx.scope)),
  addCredits: workspaceProcedure('billing:manage')
    .meta({
      rest: { method: 'POST', path: '/workspaces/{workspaceId}/billing/credits', status: 201 },
      summary: 'Add credits',
      errors: [BalanceTooLarge, IdempotencyMismatch],
    })
    .input(AddCreditsInput)
    .output(Movement)
    .mutation(({ ctx, input }) => ctx.services.billing.addCredits(ctx.scope, keyed(ctx, input))),
  debit: workspaceProcedure('billing:spend')
    .meta({
      rest: { method: 'POST', path: '/workspaces/{workspaceId}/billing/debits' },
      summary: 'Spend credits',
      errors: [InsufficientCredits, CreditLimitReached, IdempotencyMismatch],
    })
    .input(DebitInput)
    .output(Movement)
    .mutation(({ ctx, input }) => ctx.services.billing.debit(ctx.scope, keyed(ctx, input))),
  transactions: workspaceProcedure('billing:read')
    .meta({
      rest: { method: 'GET', path: '/workspaces/{workspaceId}/billing/transactions' },
      summary: 'The ledger, newest first',
    })
    .input(ListTransactionsInput)
    .output(TransactionPage)
    .query(({ ctx, input }) => ctx.services.billing.transactions(ctx.scope, input)),
  setAutoRecharge: workspaceProcedure('billing:manage')
    .meta({
      rest: { method: 'PUT', path: '/workspaces/{workspaceId}/billing/auto-recharge' },
      summary: 'Set automatic recharge',
      errors: [BalanceTooLarge],
    })
    .input(SetAutoRechargeInput)
    .output(Billing)
    .mutation(({ ctx, input }) => ctx.services.billing.setAutoRecharge(ctx.scope, input)),
  setCreditLimit: workspaceProcedure('billing:manage')
    .meta({
      rest: { method: 'PUT', path: '/workspaces/{workspaceId}/billing/credit-limit' },
      summary: 'Cap what a billing cycle may spend',
    })
    .input(SetCreditLimitInput)
    .output(Billing)
    .mutation(({ ctx, input }) => ctx.services.billing.setCreditLimit(ctx.scope, input)),
});

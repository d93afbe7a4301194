import {
  AutoRecharge,
  BalanceTooLarge,
  Billing,
  PaymentMethodRefused,
  PaymentMethodRequired,
  PaymentMethodSummary,
  PaymentsUnavailable,
  RechargePage,
  SetAutoRechargeInput,
  SetPaymentMethodInput,
} from '@morket/contract/billing';
import { Done, PageInput } from '@morket/contract/primitives';
import { workspaceProcedure } from '../procedures/index.ts';

const BILLING = '/workspaces/{workspaceId}/billing';

export const rechargeProcedures = {
  autoRecharge: workspaceProcedure('billing:read')
    .meta({ rest: { method: 'GET', path: `${BILLING}/auto-recharge` }, summary: 'The rule of automatic recharge' })
    .output(AutoRecharge)
    .query(({ ctx }) => ctx.services.recharges.getRule(ctx.scope)),
  setAutoRecharge: workspaceProcedure('billing:manage')
    .meta({
      rest: { method: 'PUT', path: `${BILLING}/auto-recharge` },
      summary: 'Set automatic recharge',
      errors: [BalanceTooLarge, PaymentMethodRequired],
    })
    .input(SetAutoRechargeInput)
    .output(Billing)
    .mutation(({ ctx, input }) => ctx.services.recharges.setRule(ctx.scope, input)),
  setPaymentMethod: workspaceProcedure('billing:manage')
    .meta({
      rest: { method: 'PUT', path: `${BILLING}/payment-method` },
      summary: 'Store the card that automatic recharge charges',
      errors: [PaymentMethodRefused, PaymentsUnavailable],
    })
    .input(SetPaymentMethodInput)
    .output(PaymentMethodSummary)
    .mutation(({ ctx, input }) => ctx.services.recharges.setMethod(ctx.scope, input)),
  removePaymentMethod: workspaceProcedure('billing:manage')
    .meta({
      rest: { method: 'DELETE', path: `${BILLING}/payment-method` },
      summary: 'Forget the card, and switch automatic recharge off',
    })
    .output(Done)
    .mutation(({ ctx }) => ctx.services.recharges.removeMethod(ctx.scope)),
  recharges: workspaceProcedure('billing:read')
    .meta({ rest: { method: 'GET', path: `${BILLING}/recharges` }, summary: 'Purchases of credits, newest first' })
    .input(PageInput)
    .output(RechargePage)
    .query(({ ctx, input }) => ctx.services.recharges.list(ctx.scope, input)),
};

import { z } from 'zod';
import { defineEvent } from '../events/index.ts';

const onAccount = { version: 1, aggregateType: 'billing_account' } as const;
const movement = z.object({
  transactionId: z.string(),
  amount: z.int(),
  balanceAfter: z.int(),
  referenceId: z.string().nullable(),
});

export const CreditsAdded = defineEvent('billing.credited', { ...onAccount, payload: movement });
export const CreditsDebited = defineEvent('billing.debited', { ...onAccount, payload: movement });
export const AutoRecharged = defineEvent('billing.auto_recharged', { ...onAccount, payload: movement });
export const AutoRechargeSet = defineEvent('billing.auto_recharge_set', {
  ...onAccount,
  payload: z.object({ enabled: z.boolean(), threshold: z.int(), amount: z.int() }),
});
export const CreditLimitSet = defineEvent('billing.credit_limit_set', {
  ...onAccount,
  payload: z.object({ creditLimit: z.int().nullable() }),
});

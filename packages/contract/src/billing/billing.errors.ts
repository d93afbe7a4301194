import { z } from 'zod';
import { defineError } from '../errors/index.ts';

export const InsufficientCredits = defineError('billing.insufficient_credits', {
  kind: 'paymentRequired',
  details: z.object({ required: z.int(), available: z.int() }),
  message: ({ required, available }) => `This needs ${required} credits; ${available} are available.`,
  remedy: 'Add credits. Under an idempotency key the refusal is final: use a new key afterwards.',
});

export const CreditLimitReached = defineError('billing.credit_limit_reached', {
  kind: 'paymentRequired',
  details: z.object({ required: z.int(), remaining: z.int(), limit: z.int(), resetsAt: z.iso.datetime() }),
  message: ({ required, remaining, limit }) =>
    `This needs ${required} credits; ${remaining} of the ${limit} a billing cycle may spend are left.`,
  remedy: 'Wait for the next billing cycle, or have an owner raise the limit.',
});

export const BalanceTooLarge = defineError('billing.balance_too_large', {
  kind: 'conflict',
  details: z.object({ maxBalance: z.int() }),
  message: ({ maxBalance }) => `A balance holds at most ${maxBalance} credits.`,
  remedy: 'Add fewer credits.',
});

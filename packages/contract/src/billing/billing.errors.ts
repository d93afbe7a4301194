import { z } from 'zod';
import { defineError } from '../errors/index.ts';

export const InsufficientCredits = defineError('billing.insufficient_credits', {
  kind: 'paymentRequired',
  details: z.object({ required: z.int().meta({ examples: [120] }), available: z.int().meta({ examples: [75] }) }),
  message: ({ required, available }) => `This needs ${required} credits; ${available} are available.`,
  remedy: 'Add credits. Under an idempotency key the refusal is final: use a new key afterwards.',
});

export const CreditLimitReached = defineError('billing.credit_limit_reached', {
  kind: 'paymentRequired',
  details: z.object({
    required: z.int().meta({ examples: [120] }),
    remaining: z.int().meta({ examples: [40] }),
    limit: z.int().meta({ examples: [1_000] }),
    resetsAt: z.iso.datetime().meta({ examples: ['2026-12-01T00:00:00.000Z'] }),
  }),
  message: ({ required, remaining, limit }) =>
    `This needs ${required} credits; ${remaining} of the ${limit} a billing cycle may spend are left.`,
  remedy: 'Wait for the next billing cycle, or have an owner raise the limit.',
});

export const BalanceTooLarge = defineError('billing.balance_too_large', {
  kind: 'conflict',
  details: z.object({ maxBalance: z.int().meta({ examples: [Number.MAX_SAFE_INTEGER] }) }),
  message: ({ maxBalance }) => `A balance holds at most ${maxBalance} credits.`,
  remedy: 'Add fewer credits.',
});

import { BalanceTooLarge, CreditLimitReached, InsufficientCredits } from '@morket/contract/billing';
import type { DomainError } from '@morket/contract/errors';
import { z } from 'zod';
import { MAX_BALANCE, type Refusal } from './billing.model.ts';

/** What was decided under an idempotency key, as it is kept: the entry it made, or why it made none. */
export const Verdict = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('moved'), transactionId: z.uuid(), balance: z.int() }),
  z.object({ outcome: z.literal('too_large') }),
  z.object({ outcome: z.literal('insufficient'), required: z.int(), available: z.int() }),
  z.object({
    outcome: z.literal('limit'),
    required: z.int(),
    remaining: z.int(),
    limit: z.int(),
    resetsAt: z.iso.datetime(),
  }),
]);
export type Verdict = z.infer<typeof Verdict>;

export function verdictOf(refusal: Refusal): Exclude<Verdict, { outcome: 'moved' }> {
  const required = Number(refusal.required);
  if (refusal.reason === 'insufficient') {
    return { outcome: 'insufficient', required, available: Number(refusal.available) };
  }
  const { remaining, limit, resetsAt } = refusal;
  return {
    outcome: 'limit',
    required,
    remaining: Number(remaining),
    limit: Number(limit),
    resetsAt: resetsAt.toISOString(),
  };
}

/** The error a refused caller gets, the first time and at every replay. */
export function refusalError(verdict: Exclude<Verdict, { outcome: 'moved' }>): DomainError {
  if (verdict.outcome === 'too_large') return BalanceTooLarge({ maxBalance: Number(MAX_BALANCE) });
  if (verdict.outcome === 'insufficient') {
    return InsufficientCredits({ required: verdict.required, available: verdict.available });
  }
  const { required, remaining, limit, resetsAt } = verdict;
  return CreditLimitReached({ required, remaining, limit, resetsAt });
}

import {
  BalanceTooLarge,
  CaptureExceedsHold,
  CreditLimitReached,
  ExpiryInThePast,
  HoldNotFound,
  HoldResolved,
  InsufficientCredits,
  NotReversible,
  TransactionNotFound,
} from '@morket/contract/billing';
import type { DomainError } from '@morket/contract/errors';
import { z } from 'zod';
import { MAX_BALANCE } from './account.model.ts';

/** Why a command came to nothing, as it is decided and as it is kept under an idempotency key. */
export const Refusal = z.discriminatedUnion('reason', [
  z.object({ reason: z.literal('insufficient'), required: z.int(), available: z.int() }),
  z.object({
    reason: z.literal('limit'),
    required: z.int(),
    remaining: z.int(),
    limit: z.int(),
    resetsAt: z.iso.datetime(),
  }),
  z.object({ reason: z.literal('too_large') }),
  z.object({ reason: z.literal('expiry_in_the_past') }),
  z.object({ reason: z.literal('no_transaction') }),
  z.object({ reason: z.literal('not_reversible'), because: z.enum(['already_reversed', 'wrong_type']) }),
  z.object({ reason: z.literal('no_hold') }),
  z.object({ reason: z.literal('hold_resolved'), state: z.enum(['captured', 'released', 'expired']) }),
  z.object({ reason: z.literal('capture_exceeds'), required: z.int(), remaining: z.int() }),
]);
export type Refusal = z.infer<typeof Refusal>;

/** The error a refused caller gets, the first time and at every replay. */
export function refusalError(refusal: Refusal): DomainError {
  switch (refusal.reason) {
    case 'insufficient':
      return InsufficientCredits({ required: refusal.required, available: refusal.available });
    case 'limit': {
      const { required, remaining, limit, resetsAt } = refusal;
      return CreditLimitReached({ required, remaining, limit, resetsAt });
    }
    case 'too_large':
      return BalanceTooLarge({ maxBalance: Number(MAX_BALANCE) });
    case 'expiry_in_the_past':
      return ExpiryInThePast({});
    case 'no_transaction':
      return TransactionNotFound({});
    case 'not_reversible':
      return NotReversible({ reason: refusal.because });
    case 'no_hold':
      return HoldNotFound({});
    case 'hold_resolved':
      return HoldResolved({ state: refusal.state });
    case 'capture_exceeds':
      return CaptureExceedsHold({ required: refusal.required, remaining: refusal.remaining });
  }
}

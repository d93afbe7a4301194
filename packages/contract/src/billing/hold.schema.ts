import { z } from 'zod';
import { CreditAmount, CreditBalance, Id, IdempotencyKey, PageInput, pageOf } from '../primitives/index.ts';
import { CreditTransaction, Description, ReferenceId } from './billing.schema.ts';

const MAX_LIFETIME_SECONDS = 86_400;

export const HoldState = z.enum(['open', 'captured', 'released', 'expired']);
export type HoldState = z.infer<typeof HoldState>;

/** Credits set aside: they are spoken for until the hold is captured, released or expires. */
export const Hold = z.object({
  id: Id,
  workspaceId: Id,
  amount: CreditAmount,
  captured: CreditBalance,
  /** What can still be captured; nothing once the hold is resolved. */
  remaining: CreditBalance,
  state: HoldState,
  description: z.string().meta({ examples: ['Enrich 200 contacts'] }),
  referenceId: z
    .string()
    .nullable()
    .meta({ examples: ['run-2041'] }),
  expiresAt: z.date(),
  createdBy: Id,
  createdAt: z.date(),
});
export type Hold = z.infer<typeof Hold>;

export const CreateHoldInput = z.object({
  amount: CreditAmount,
  description: Description,
  referenceId: ReferenceId.optional(),
  /** An hour unless said otherwise, a day at most. */
  expiresInSeconds: z.int().min(1).max(MAX_LIFETIME_SECONDS).optional(),
  idempotencyKey: IdempotencyKey.optional(),
});
export type CreateHoldInput = z.infer<typeof CreateHoldInput>;

/** Spends a part of a hold; a `final` capture frees the rest. A hold that is captured to the last credit is resolved by itself. */
export const CaptureHoldInput = z.object({
  holdId: Id,
  amount: CreditAmount,
  final: z.boolean().optional(),
  description: Description.optional(),
  idempotencyKey: IdempotencyKey.optional(),
});
export type CaptureHoldInput = z.infer<typeof CaptureHoldInput>;

export const ReleaseHoldInput = z.object({ holdId: Id, idempotencyKey: IdempotencyKey.optional() });
export type ReleaseHoldInput = z.infer<typeof ReleaseHoldInput>;

export const GetHoldInput = z.object({ holdId: Id });
export type GetHoldInput = z.infer<typeof GetHoldInput>;

export const ListHoldsInput = PageInput;
export const HoldPage = pageOf(Hold);

/** A capture: the hold as it stands now, and the debit it made. */
export const Capture = z.object({ hold: Hold, transaction: CreditTransaction, balance: CreditBalance });
export type Capture = z.infer<typeof Capture>;

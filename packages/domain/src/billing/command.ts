import { type Capture, CreditTransaction, Hold, type Movement } from '@morket/contract/billing';
import { z } from 'zod';
import type { Acting } from '../access/index.ts';
import type { Keyed } from '../idempotency/index.ts';
import { Refusal } from './refusal.ts';

type About = { readonly description: string; readonly referenceId: string | null };

/** What can be asked of an account. Amounts are credits. */
export type Command =
  | ({
      readonly kind: 'credit';
      readonly type: 'credit' | 'auto_recharge';
      readonly amount: bigint;
      readonly priority: number;
      readonly expiresAt: Date | null;
    } & About)
  | ({ readonly kind: 'debit'; readonly amount: bigint } & About)
  | ({ readonly kind: 'hold'; readonly amount: bigint; readonly lifetimeSeconds: number } & About)
  | {
      readonly kind: 'capture';
      readonly holdId: string;
      readonly amount: bigint;
      readonly final: boolean;
      /** That of the hold, when null. */
      readonly description: string | null;
    }
  | { readonly kind: 'release'; readonly holdId: string }
  | { readonly kind: 'reverse'; readonly transactionId: string; readonly reason: string }
  /** Books what time has done, and nothing else. */
  | { readonly kind: 'settle' };

/** What a command answers. */
export type AnswerOf = {
  credit: Movement;
  debit: Movement;
  hold: Hold;
  capture: Capture;
  release: Hold;
  reverse: Movement;
  settle: null;
};

/** Who acts in which workspace. */
export type ActingIn = Acting & { readonly workspaceId: string };

/** One command on its way through a batch. */
export type Item = { readonly acting: ActingIn; readonly command: Command; readonly keyed: Keyed | null };

const storedTransaction = CreditTransaction.extend({ createdAt: z.coerce.date() });
const storedHold = Hold.extend({ createdAt: z.coerce.date(), expiresAt: z.coerce.date() });
const storedMovement = z.object({ transaction: storedTransaction, balance: z.int() });

/** How an answer is read back from the row that keeps it. */
export const STORED_ANSWERS = {
  credit: storedMovement,
  debit: storedMovement,
  hold: storedHold,
  capture: storedMovement.extend({ hold: storedHold }),
  release: storedHold,
  reverse: storedMovement,
  settle: z.null(),
} as const satisfies { [Kind in Command['kind']]: z.ZodType<AnswerOf[Kind]> };

/** What was decided under an idempotency key, as it is kept: the entry that was made, another answer, or why there is none. */
export const Verdict = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('moved'), transactionId: z.uuid(), balance: z.int() }),
  z.object({ outcome: z.literal('done'), answer: z.unknown() }),
  z.object({ outcome: z.literal('refused'), refusal: Refusal }),
]);
export type Verdict = z.infer<typeof Verdict>;

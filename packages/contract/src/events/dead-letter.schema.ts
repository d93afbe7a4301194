import { z } from 'zod';
import { Id, line, PageInput, pageOf } from '../primitives/index.ts';

const ConsumerName = line(60).meta({ examples: ['notifications'] });

/** `retrying` is tried again at `retryAt`, `dead` only when somebody asks for it, and `waiting` stands behind another of its aggregate. */
export const DeadLetterState = z.enum(['retrying', 'dead', 'waiting']);
export type DeadLetterState = z.infer<typeof DeadLetterState>;

export const DeadLetter = z.object({
  consumer: z.string().meta({ examples: ['notifications'] }),
  eventId: Id,
  event: z.string().meta({ examples: ['billing.debited'] }),
  aggregate: z.object({
    type: z.string().meta({ examples: ['billing_account'] }),
    id: z.string().meta({ examples: ['019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40'] }),
  }),
  state: DeadLetterState,
  attempts: z.int().meta({ examples: [6] }),
  /** A code of the error catalogue and its text; null for one that was not tried. */
  error: z
    .string()
    .nullable()
    .meta({ examples: ['server.internal: Something failed on our side.'] }),
  parkedAt: z.date(),
  retryAt: z.date().nullable(),
});
export type DeadLetter = z.infer<typeof DeadLetter>;

export const ListDeadLettersInput = z
  .object({ ...PageInput.unwrap().shape, consumer: ConsumerName.optional() })
  .prefault({});
export type ListDeadLettersInput = z.infer<typeof ListDeadLettersInput>;
export const DeadLetterPage = pageOf(DeadLetter);

export const RetryDeadLetterInput = z.object({ consumer: ConsumerName, eventId: Id });
export type RetryDeadLetterInput = z.infer<typeof RetryDeadLetterInput>;

/** How many events of the aggregate are taken up again, in their order; it happens soon, not before the answer. */
export const RetriedDeadLetter = z.object({ events: z.int().meta({ examples: [3] }) });
export type RetriedDeadLetter = z.infer<typeof RetriedDeadLetter>;

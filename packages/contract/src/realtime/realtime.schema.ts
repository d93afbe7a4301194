import { z } from 'zod';
import { Id, text } from '../primitives/index.ts';

/** What a listener wants to hear of: a kind of entity such as `billing_account`, or one event such as `billing.debited`. */
const Topic = text(100)
  .regex(/^[a-z]+(?:_[a-z]+)*(?:\.[a-z]+(?:_[a-z]+)*)*$/, 'must be the name of an entity or of an event')
  .meta({ examples: ['billing_account'] });

/**
 * Without `topics` everything is heard that the role may read. `lastEventId` is the id of the last message received: what was missed
 * since comes first. One that cannot be read, or is too old, is answered with `reset`.
 */
export const SubscribeInput = z
  .object({ topics: z.array(Topic).min(1).max(100).optional(), lastEventId: text(200).optional() })
  .prefault({});
export type SubscribeInput = z.infer<typeof SubscribeInput>;

/**
 * What a stream tells. `event`: something changed; fetch it again, which asks anew who may read it. Several changes of one entity by
 * the same event may come as one, the latest. `version` rises with the events of one entity. `reset`: more was missed than can be told,
 * so everything is to be fetched again. `ready`: told once for each connection, after what was missed; from here on it is live.
 */
export const RealtimeMessage = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('event'),
    name: z.string().meta({ examples: ['billing.debited'] }),
    entity: z.string().meta({ examples: ['billing_account'] }),
    entityId: z.string().meta({ examples: ['019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40'] }),
    version: z.int().meta({ examples: [1042] }),
    at: z.date(),
    /** Who did it; null for Morket itself. */
    actorId: Id.nullable(),
  }),
  z.object({ kind: z.literal('reset'), reason: z.enum(['unknown_position', 'too_old', 'too_much']) }),
  z.object({ kind: z.literal('ready') }),
]);
export type RealtimeMessage = z.infer<typeof RealtimeMessage>;
export type RealtimeEvent = Extract<RealtimeMessage, { readonly kind: 'event' }>;

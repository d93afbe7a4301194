import { CallbackRefused } from '@morket/contract/billing';
import { z } from 'zod';
import { parseCallbackBody, verifyCallback } from './callback-signature.ts';
import type { CallbackRequest, PaymentCallback } from './payment.port.ts';
import { outcomeOf, StripeIntent } from './stripe-outcome.model.ts';

/** Of the life of a PaymentIntent, what changes an outcome; `processing` says nothing that `charge` had not said. */
const EVENTS: ReadonlySet<string> = new Set([
  'payment_intent.canceled',
  'payment_intent.payment_failed',
  'payment_intent.requires_action',
  'payment_intent.succeeded',
]);

const Event = z.object({ type: z.string(), data: z.object({ object: z.unknown() }) });

/** Throws CallbackRefused. Null for other events, and for charges that other systems made on the same account. */
export function readStripeCallback(
  { headers, body }: CallbackRequest,
  signedBy: { readonly secrets: readonly string[]; readonly nowMs: number },
): PaymentCallback | null {
  verifyCallback(headers['stripe-signature'], body, signedBy);
  const event = Event.safeParse(parseCallbackBody(body));
  if (!event.success) throw CallbackRefused({ reason: 'malformed' });
  if (!EVENTS.has(event.data.type)) return null;
  const intent = StripeIntent.safeParse(event.data.data.object);
  if (!intent.success) throw CallbackRefused({ reason: 'malformed' }, intent.error);
  const { charge_id: chargeId } = intent.data.metadata;
  return chargeId ? { chargeId, outcome: outcomeOf(intent.data) } : null;
}

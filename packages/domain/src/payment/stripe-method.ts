import { PaymentMethodRefused } from '@morket/contract/billing';
import type { Stripe } from 'stripe';
import type { DeclineReason, PaymentMethod } from './payment.port.ts';
import type { StripeCall } from './stripe-client.ts';
import { declineReason } from './stripe-outcome.model.ts';

type AttachInput = { readonly workspaceId: string; readonly token: string; readonly customerRef: string | null };

const refused = (reason: DeclineReason) => PaymentMethodRefused({ reason });

function toPaymentMethod({ id, card }: Stripe.PaymentMethod, customerRef: string): PaymentMethod {
  if (!card?.fingerprint) throw refused('not_supported');
  return {
    customerRef,
    methodRef: id,
    fingerprint: card.fingerprint,
    label: `${card.brand} •••• ${card.last4}`,
  };
}

/** The workspace's customer; an answer that was lost is found again under the same key. */
async function customerFor({ stripe }: StripeCall, workspaceId: string): Promise<string> {
  const { id } = await stripe.customers.create(
    { metadata: { workspace_id: workspaceId } },
    { idempotencyKey: `customer:${workspaceId}` },
  );
  return id;
}

async function attachTo(call: StripeCall, { workspaceId, token, customerRef }: AttachInput): Promise<PaymentMethod> {
  const { stripe } = call;
  const method = await stripe.paymentMethods.retrieve(token);
  // Before a customer is made: what cannot be charged should leave nothing behind.
  if (method.type !== 'card') throw refused('not_supported');
  const customer = customerRef ?? (await customerFor(call, workspaceId));
  if (method.customer === customer) return toPaymentMethod(method, customer);
  // No idempotency key: under one, a refusal would last a day, although the card may work the next minute.
  return toPaymentMethod(await stripe.paymentMethods.attach(token, { customer }), customer);
}

/** Attaching again what is attached gives it again. Throws PaymentMethodRefused; what else it throws says nothing of the card. */
export async function attachCard(call: StripeCall, input: AttachInput): Promise<PaymentMethod> {
  const { StripeCardError, StripeInvalidRequestError } = call.errors;
  try {
    return await attachTo(call, input);
  } catch (err) {
    if (err instanceof StripeCardError)
      throw refused(declineReason({ code: err.code, decline_code: err.decline_code }));
    // Except for the customer, which is ours, what is missing or spent is what the person's form gave.
    if (err instanceof StripeInvalidRequestError && err.param !== 'customer') throw refused('method_unusable');
    throw err;
  }
}

import { requireSecrets } from './callback-signature.ts';
import type { PaymentGateway } from './payment.port.ts';
import { readStripeCallback } from './stripe-callback.ts';
import { chargeOnce } from './stripe-charge.ts';
import { createStripeCalls, type StripeCall, type StripeConnection } from './stripe-client.ts';
import { attachCard } from './stripe-method.ts';
import { outcomeOf, StripeIntent } from './stripe-outcome.model.ts';

export type StripeGatewayOptions = StripeConnection & {
  /** Signing secrets of the callback endpoint: the current one, and beside it the one being replaced. */
  readonly webhookSecrets: readonly string[];
  /** Where a person returns after confirming a payment; without it `actionUrl` is null. */
  readonly returnUrl?: string | undefined;
  readonly nowMs?: () => number;
};

async function retrieve({ stripe, errors }: StripeCall, chargeRef: string): Promise<StripeIntent | null> {
  try {
    return StripeIntent.parse(await stripe.paymentIntents.retrieve(chargeRef));
  } catch (err) {
    if (err instanceof errors.StripeInvalidRequestError && err.code === 'resource_missing') return null;
    throw err;
  }
}

/** Lags behind what was written by up to a minute, and in an outage by more. */
async function search({ stripe }: StripeCall, chargeId: string): Promise<StripeIntent | null> {
  const quoted = chargeId.replaceAll(/[\\']/g, String.raw`\$&`);
  const { data } = await stripe.paymentIntents.search({ query: `metadata['charge_id']:'${quoted}'`, limit: 1 });
  return data[0] ? StripeIntent.parse(data[0]) : null;
}

/** Cards through Stripe, charged off session. Throws at once when a secret is empty or the address is not https. */
export function createStripeGateway(options: StripeGatewayOptions): PaymentGateway {
  const { webhookSecrets, returnUrl = null, nowMs = Date.now } = options;
  requireSecrets([options.secretKey]);
  const secrets = requireSecrets(webhookSecrets);
  const call = createStripeCalls(options);

  return {
    name: 'stripe',
    attach: (input) => call((opened) => attachCard(opened, input)),
    charge: (request, signal) => call((opened) => chargeOnce(opened, request, returnUrl), signal),
    find: ({ chargeId, chargeRef }) =>
      call(async (opened) => {
        const intent = await (chargeRef === null ? search(opened, chargeId) : retrieve(opened, chargeRef));
        return intent && outcomeOf(intent);
      }),
    cancel: (chargeRef) =>
      call(async ({ stripe, errors }) => {
        try {
          await stripe.paymentIntents.cancel(chargeRef);
        } catch (err) {
          // It is paid, being paid, void already, or never was.
          const isDecided =
            err instanceof errors.StripeInvalidRequestError &&
            (err.code === 'payment_intent_unexpected_state' || err.code === 'resource_missing');
          if (!isDecided) throw err;
        }
      }),
    readCallback: (request) => readStripeCallback(request, { secrets, nowMs: nowMs() }),
  };
}

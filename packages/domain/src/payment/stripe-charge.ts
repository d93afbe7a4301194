import type { Stripe } from 'stripe';
import type { ChargeOutcome, ChargeRequest } from './payment.port.ts';
import type { StripeCall } from './stripe-client.ts';
import { declineReason, outcomeOf, StripeIntent } from './stripe-outcome.model.ts';

/** What no repetition will make Stripe take. https://docs.stripe.com/error-codes */
const BEYOND_LIMITS: ReadonlySet<string> = new Set(['amount_too_small', 'amount_too_large']);

/** The clocks that make charge ids may run ahead of Stripe's. */
const SKEW_SECONDS = 300;

/** Throws a ZodError when an answer is no PaymentIntent we know. */
const read = (intent: unknown): StripeIntent => StripeIntent.parse(intent);

/** Seconds since the epoch at which a UUIDv7 was made, or null for another id. */
function madeAtSeconds(id: string): number | null {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-/i.exec(id);
  return match ? Math.floor(Number.parseInt(`${match[1]}${match[2]}`, 16) / 1_000) : null;
}

/**
 * The PaymentIntent that an earlier attempt left. Listing sees every write at once, where search lags. It stands in for the
 * idempotency key where that fails: after 24 hours, when it answers for ever with a stored 500, and when the request changed.
 */
async function findEarlier(
  { stripe, errors }: StripeCall,
  { chargeId, method }: ChargeRequest,
): Promise<StripeIntent | null> {
  const madeAt = madeAtSeconds(chargeId);
  const intents = stripe.paymentIntents.list({
    customer: method.customerRef,
    limit: 100,
    ...(madeAt === null ? {} : { created: { gte: madeAt - SKEW_SECONDS } }),
  });
  try {
    for await (const intent of intents) if (intent.metadata.charge_id === chargeId) return read(intent);
  } catch (err) {
    // A customer deleted at Stripe cannot be listed. The idempotency key still tells what was charged before.
    if (!(err instanceof errors.StripeInvalidRequestError && err.code === 'resource_missing')) throw err;
  }
  return null;
}

/** Whether the card can no longer be charged at all, which a 400 alone does not tell apart from a mistake of ours. */
async function isMethodGone({ stripe, errors }: StripeCall, { method }: ChargeRequest): Promise<boolean> {
  try {
    const { customer } = await stripe.paymentMethods.retrieve(method.methodRef);
    return customer !== method.customerRef;
  } catch (err) {
    if (err instanceof errors.StripeInvalidRequestError && err.code === 'resource_missing') return true;
    throw err;
  }
}

/** A declined confirmation is an error that holds the PaymentIntent; everything else goes on as the error it is. */
async function confirmed({ errors }: StripeCall, work: () => Promise<Stripe.PaymentIntent>): Promise<StripeIntent> {
  try {
    return read(await work());
  } catch (err) {
    if (err instanceof errors.StripeCardError && err.payment_intent) return read(err.payment_intent);
    throw err;
  }
}

async function create(call: StripeCall, request: ChargeRequest): Promise<StripeIntent> {
  const { chargeId, workspaceId, amountMinor, currency, method, description } = request;
  return confirmed(call, () =>
    call.stripe.paymentIntents.create(
      {
        amount: amountMinor,
        currency,
        customer: method.customerRef,
        payment_method: method.methodRef,
        allowed_payment_method_types: ['card'],
        confirm: true,
        off_session: true,
        description,
        metadata: { charge_id: chargeId, workspace_id: workspaceId },
      },
      { idempotencyKey: chargeId },
    ),
  );
}

/**
 * Off session, a bank that wants the person leaves an attempt that failed and no page to send the person to. Confirming
 * once more, on session, gives one. https://docs.stripe.com/payments/save-and-reuse#charge-saved-payment-method
 */
async function askPerson(call: StripeCall, request: ChargeRequest, chargeRef: string, returnUrl: string) {
  return confirmed(call, () =>
    call.stripe.paymentIntents.confirm(
      chargeRef,
      { payment_method: request.method.methodRef, off_session: false, return_url: returnUrl },
      { idempotencyKey: `${request.chargeId}:confirm` },
    ),
  );
}

/** Charges `request` unless an earlier attempt has. What it throws leaves the outcome open. */
export async function chargeOnce(
  call: StripeCall,
  request: ChargeRequest,
  returnUrl: string | null,
): Promise<ChargeOutcome> {
  try {
    const intent = (await findEarlier(call, request)) ?? (await create(call, request));
    const outcome = outcomeOf(intent);
    const lacksPage = outcome.status === 'action_required' && intent.status === 'requires_payment_method';
    return lacksPage && returnUrl !== null ? outcomeOf(await askPerson(call, request, intent.id, returnUrl)) : outcome;
  } catch (err) {
    const { StripeCardError, StripeInvalidRequestError } = call.errors;
    if (err instanceof StripeCardError) {
      return {
        status: 'declined',
        chargeRef: null,
        reason: declineReason({ code: err.code, decline_code: err.decline_code }),
      };
    }
    if (!(err instanceof StripeInvalidRequestError)) throw err;
    if (BEYOND_LIMITS.has(err.code ?? '')) return { status: 'declined', chargeRef: null, reason: 'not_supported' };
    if (await isMethodGone(call, request)) return { status: 'declined', chargeRef: null, reason: 'method_unusable' };
    throw err;
  }
}

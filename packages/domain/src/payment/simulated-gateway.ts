import { createHash } from 'node:crypto';
import { CallbackRefused, PaymentMethodRefused, PaymentsUnavailable } from '@morket/contract/billing';
import { z } from 'zod';
import { parseCallbackBody, requireSecrets, signCallback, verifyCallback } from './callback-signature.ts';
import {
  type CallbackRequest,
  type ChargeOutcome,
  type ChargeRequest,
  DECLINE_REASONS,
  type PaymentGateway,
} from './payment.port.ts';
import { type CallbackListener, createSimulatedCallbacks } from './simulated-callbacks.ts';
import { type Behaviour, behaviourOf, refusalOf } from './simulated-token.model.ts';

const SIGNATURE_HEADER = 'simulated-signature';

export type SimulatedGatewayOptions = {
  /** The first one signs, all of them verify. */
  readonly callbackSecrets: readonly string[];
  readonly nowMs?: () => number;
  /** Settles and calls back by itself so long after a charge; without it, only when `settlePending` says so. */
  readonly settleAfterMs?: number | undefined;
  /** The page on which a person confirms a charge; without it `actionUrl` is null. */
  readonly actionUrlOf?: ((chargeRef: string) => string) | undefined;
};

export type SimulatedGateway = PaymentGateway & {
  /** Where callbacks go, signed as they would come over the network; returns how to stop them. Without anyone they are lost. */
  onCallback(listener: CallbackListener): () => void;
  /**
   * Settles what is pending and delivers every callback that waits; returns how many arrived. `deliver: false` loses them, so
   * that only `find` can tell. Throws an AggregateError of what listeners threw; their callbacks wait for the next time.
   */
  settlePending(options?: { readonly deliver?: boolean }): Promise<number>;
  /** The person confirms what asks for it, or refuses to. Nothing happens to a charge that does not ask. */
  answerAction(chargeRef: string, answer: 'confirmed' | 'refused'): void;
  /** Every charge that exists: at most one for each `chargeId`. */
  charges(): readonly { readonly chargeId: string; readonly amountMinor: number; readonly outcome: ChargeOutcome }[];
};

type Charge = { readonly request: ChargeRequest; readonly behaviour: Behaviour; outcome: ChargeOutcome };

const Outcome = z.discriminatedUnion('status', [
  z.object({ status: z.literal('succeeded'), chargeRef: z.string(), amountMinor: z.int(), currency: z.string() }),
  z.object({ status: z.literal('pending'), chargeRef: z.string() }),
  z.object({ status: z.literal('action_required'), chargeRef: z.string(), actionUrl: z.string().nullable() }),
  z.object({ status: z.literal('declined'), chargeRef: z.string(), reason: z.enum(DECLINE_REASONS) }),
]);
const Callback = z.object({ type: z.string(), chargeId: z.string(), outcome: z.unknown() });

const refOf = (chargeId: string): string => `sim_ch_${chargeId}`;
const unavailable = () => PaymentsUnavailable({ retryAfterSeconds: 1 });

function readCallback(
  { headers, body }: CallbackRequest,
  signedBy: { readonly secrets: readonly string[]; readonly nowMs: number },
) {
  verifyCallback(headers[SIGNATURE_HEADER], body, signedBy);
  const callback = Callback.safeParse(parseCallbackBody(body));
  if (!callback.success) throw CallbackRefused({ reason: 'malformed' });
  if (callback.data.type !== 'charge.updated') return null;
  const outcome = Outcome.safeParse(callback.data.outcome);
  if (!outcome.success) throw CallbackRefused({ reason: 'malformed' });
  return { chargeId: callback.data.chargeId, outcome: outcome.data };
}

/**
 * Charges nobody. The token of a card says how it behaves (see simulated-token.model.ts), in the same way each time.
 * Charges live in this process alone and are forgotten with it: a charge asked for again is then made again.
 */
export function createSimulatedGateway(options: SimulatedGatewayOptions): SimulatedGateway {
  const { nowMs = Date.now, settleAfterMs, actionUrlOf } = options;
  const secrets = requireSecrets(options.callbackSecrets);
  const charges = new Map<string, Charge>();
  const attempts = new Map<string, number>();

  const callbacks = createSimulatedCallbacks({
    sign: (body) => ({ [SIGNATURE_HEADER]: signCallback(body, secrets[0] ?? '', nowMs()) }),
    settle: () => {
      for (const charge of charges.values()) if (charge.outcome.status === 'pending') end(charge);
    },
    settleAfterMs,
  });

  function become(charge: Charge, outcome: ChargeOutcome): void {
    charge.outcome = outcome;
    const body = { type: 'charge.updated', chargeId: charge.request.chargeId, outcome };
    for (let sent = 0; sent < charge.behaviour.callbacks; sent += 1) callbacks.queue(body);
  }

  const end = (charge: Charge): void => become(charge, endOf(charge, charge.behaviour.ends));

  function endOf({ request: { chargeId, amountMinor, currency } }: Charge, ends: Behaviour['ends']): ChargeOutcome {
    const chargeRef = refOf(chargeId);
    if (ends === 'succeeded') return { status: ends, chargeRef, amountMinor, currency };
    if (ends === 'action_required') return { status: ends, chargeRef, actionUrl: actionUrlOf?.(chargeRef) ?? null };
    return { status: 'declined', chargeRef, reason: ends.declined };
  }

  /** Synchronous, so that attempts at the same time cannot both find nothing. */
  function chargeNow(request: ChargeRequest): ChargeOutcome {
    const { chargeId, method } = request;
    const known = charges.get(chargeId);
    if (known) return known.outcome;
    const behaviour = behaviourOf(method.methodRef);
    if (!behaviour) return { status: 'declined', chargeRef: null, reason: 'method_unusable' };
    const attempt = (attempts.get(chargeId) ?? 0) + 1;
    attempts.set(chargeId, attempt);
    if (attempt <= behaviour.failures) throw unavailable();
    const charge: Charge = { request, behaviour, outcome: { status: 'pending', chargeRef: refOf(chargeId) } };
    charges.set(chargeId, charge);
    if (behaviour.slow) callbacks.schedule();
    else end(charge);
    if (behaviour.losesAnswer) throw unavailable();
    return charge.outcome;
  }

  const withRef = (chargeRef: string) =>
    [...charges.values()].find((charge) => refOf(charge.request.chargeId) === chargeRef);
  const asking = (chargeRef: string) => {
    const charge = withRef(chargeRef);
    return charge?.outcome.status === 'action_required' ? charge : undefined;
  };

  return {
    name: 'simulated',
    async attach({ workspaceId, token, customerRef }) {
      const refusal = refusalOf(token);
      if (refusal) throw PaymentMethodRefused({ reason: refusal });
      const fingerprint = createHash('sha256').update(token).digest('hex').slice(0, 16);
      const last4 = String(Number.parseInt(fingerprint.slice(0, 8), 16) % 10_000).padStart(4, '0');
      return {
        customerRef: customerRef ?? `sim_cus_${workspaceId}`,
        // The token itself: a stored card goes on behaving like this after a restart.
        methodRef: token,
        fingerprint: `sim_${fingerprint}`,
        label: `simulated •••• ${last4}`,
      };
    },
    async charge(request, signal) {
      if (signal?.aborted) throw unavailable();
      return chargeNow(request);
    },
    async find({ chargeId, chargeRef }) {
      const charge = chargeRef === null ? charges.get(chargeId) : withRef(chargeRef);
      return charge?.outcome ?? null;
    },
    async cancel(chargeRef) {
      const charge = asking(chargeRef);
      if (charge) become(charge, endOf(charge, { declined: 'canceled' }));
    },
    readCallback: (request) => readCallback(request, { secrets, nowMs: nowMs() }),
    onCallback: callbacks.listen,
    settlePending: callbacks.settlePending,
    answerAction(chargeRef, answer) {
      const charge = asking(chargeRef);
      if (charge)
        become(charge, endOf(charge, answer === 'confirmed' ? 'succeeded' : { declined: 'authentication_failed' }));
    },
    charges: () =>
      [...charges.values()].map(({ request: { chargeId, amountMinor }, outcome }) => ({
        chargeId,
        amountMinor,
        outcome,
      })),
  };
}

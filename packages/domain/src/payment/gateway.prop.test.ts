import { PaymentsUnavailable } from '@morket/contract/billing';
import { type StripeFault, startStripeFake } from '@morket/testing/stripe-fake';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newId } from '../ids/index.ts';
import type { CallbackRequest, ChargeOutcome, ChargeRequest, PaymentGateway } from './payment.port.ts';
import { createSimulatedGateway } from './simulated-gateway.ts';
import { createStripeGateway } from './stripe-gateway.ts';

/** What both providers let a test do to one charge. `steps` are what happens on their side. */
type Stage = {
  readonly gateway: PaymentGateway;
  readonly request: ChargeRequest;
  readonly steps: Readonly<Record<string, () => unknown>>;
  /** Every callback so far, as it would be delivered now. */
  readonly callbacks: () => readonly CallbackRequest[];
  /** How often money moved, and how many charges there are. */
  readonly counts: () => { readonly payments: number; readonly charges: number };
  readonly stop: () => Promise<void>;
};

const ASKS = [
  'charge',
  'charge twice at once',
  'charge another amount',
  'find by reference',
  'find by id',
  'cancel',
] as const;
const isFinal = (outcome: ChargeOutcome) => outcome.status === 'succeeded' || outcome.status === 'declined';

/** Keeps what was told, and fails as soon as two final outcomes differ or one is taken back by a reader that sees all. */
function createWitness(stage: Stage) {
  let told: ChargeOutcome | null = null;
  let chargeRef: string | null = null;
  const hear = (outcome: ChargeOutcome | null, { mayLag }: { mayLag: boolean }): void => {
    chargeRef = outcome?.chargeRef ?? chargeRef;
    const isLate = outcome === null || !isFinal(outcome);
    if (told && !(mayLag && isLate)) expect(outcome).toEqual(told);
    if (outcome && !isLate) told = outcome;
    const { payments, charges } = stage.counts();
    expect(charges).toBeLessThanOrEqual(1);
    expect(payments).toBeLessThanOrEqual(charges);
    if (told) expect(payments).toBe(told.status === 'succeeded' ? 1 : 0);
  };
  const charge = async (request = stage.request): Promise<void> => {
    try {
      hear(await stage.gateway.charge(request), { mayLag: false });
    } catch (err) {
      if (!PaymentsUnavailable.is(err)) throw err;
    }
  };
  const find = async (ref: string | null) => {
    const outcome = await stage.gateway.find({ chargeId: stage.request.chargeId, chargeRef: ref });
    hear(outcome, { mayLag: ref === null });
  };
  const asks: Readonly<Record<(typeof ASKS)[number], () => Promise<unknown>>> = {
    charge: () => charge(),
    'charge twice at once': () => Promise.all([charge(), charge()]),
    'charge another amount': () => charge({ ...stage.request, amountMinor: 2_000 }),
    'find by reference': async () => (chargeRef === null ? undefined : find(chargeRef)),
    'find by id': () => find(null),
    cancel: async () => (chargeRef === null ? undefined : stage.gateway.cancel(chargeRef)),
  };
  return {
    asks,
    /** Events may be old: an earlier state is no contradiction. */
    deliver(callback: CallbackRequest | undefined): void {
      const read = callback && stage.gateway.readCallback(callback);
      if (!read) return;
      expect(read.chargeId).toBe(stage.request.chargeId);
      hear(read.outcome, { mayLag: true });
    },
    final: () => told,
  };
}

async function play(stage: Stage, script: readonly { readonly what: string; readonly which: number }[]): Promise<void> {
  const witness = createWitness(stage);
  const can: Stage['steps'] = { ...stage.steps, ...witness.asks };
  try {
    for (const { what, which } of script) {
      const callbacks = stage.callbacks();
      if (what === 'deliver') witness.deliver(callbacks[which % Math.max(callbacks.length, 1)]);
      else await can[what]?.();
    }
    // Whatever happened: left alone, it ends, and everyone tells the same end.
    await stage.steps.calm?.();
    await witness.asks.charge();
    await stage.steps.settle?.();
    await witness.asks.cancel();
    await witness.asks.charge();
    await witness.asks['find by reference']();
    for (const callback of [...stage.callbacks(), ...stage.callbacks()].reverse()) witness.deliver(callback);
    expect(witness.final()).not.toBeNull();
    expect(stage.counts().charges).toBe(1);
  } finally {
    await stage.stop();
  }
}

const scriptOf = (steps: readonly string[]) =>
  fc.array(
    fc.record({ what: fc.constantFrom(...ASKS, 'charge', 'deliver', 'deliver', ...steps), which: fc.nat({ max: 20 }) }),
    { maxLength: 14 },
  );

const FAULTS: Readonly<Record<string, StripeFault>> = {
  'break before': { kind: 'disconnect', when: 'before' },
  'break after': { kind: 'disconnect', when: 'after' },
  'fail before': { kind: 'answer', when: 'before', status: 503, isStored: false },
  'fail after': { kind: 'answer', when: 'after', status: 500 },
  limit: { kind: 'answer', when: 'before', status: 429 },
};
const BANKS = {
  pays: ['pm_card_visa', { kind: 'pays' }],
  processes: ['pm_card_visa', { kind: 'processes' }],
  declines: ['pm_card_visa', { kind: 'declines', code: 'card_declined', declineCode: 'insufficient_funds' }],
  asks: ['pm_card_authenticationRequired', { kind: 'asks_person' }],
} as const;

async function onStripe(bank: keyof typeof BANKS, declinesLater: boolean): Promise<Stage> {
  const stripe = await startStripeFake();
  const gateway = createStripeGateway({
    secretKey: stripe.secretKey,
    webhookSecrets: [stripe.webhookSecret],
    apiUrl: stripe.apiUrl,
    timeoutMs: 10_000,
    returnUrl: 'https://app.example.com/billing',
  });
  const [token, answer] = BANKS[bank];
  const workspaceId = newId();
  const method = await gateway.attach({ workspaceId, token, customerRef: null });
  stripe.bankAnswersNext(answer);
  const only = () => stripe.intents()[0];
  return {
    gateway,
    request: { chargeId: newId(), workspaceId, amountMinor: 1_000, currency: 'usd', method, description: 'x' },
    steps: {
      ...Object.fromEntries(
        Object.entries(FAULTS).map(([name, fault]) => [name, () => stripe.failNext('payment_intents.create', fault)]),
      ),
      'break confirm': () => stripe.failNext('payment_intents.confirm', { kind: 'disconnect', when: 'after' }),
      'break list': () => stripe.failNext('payment_intents.list', { kind: 'disconnect', when: 'before' }),
      'a day passes': () => stripe.forgetIdempotencyKeys(),
      index: () => stripe.indexSearch(),
      calm: () => stripe.clearFaults(),
      settle: () => {
        const intent = only();
        const declined = { code: 'card_declined', declineCode: 'do_not_honor' };
        if (intent?.status === 'processing') stripe.settle(intent.id, declinesLater ? declined : undefined);
        if (intent?.status === 'requires_action')
          stripe.answerAction(intent.id, declinesLater ? 'refused' : 'confirmed');
      },
    },
    callbacks: () => stripe.events.map((event) => stripe.signed(event)),
    counts: () => ({ payments: stripe.payments().length, charges: stripe.intents().length }),
    stop: stripe.stop,
  };
}

/**
 * Invariant: however attempts, lost answers, failures, retries, polls and callbacks interleave, one `chargeId` is charged at
 * most once, and whoever tells a final outcome tells the same one, for ever.
 */
test('Stripe: one charge, one outcome', async () => {
  const steps = [
    ...Object.keys(FAULTS),
    'break after',
    'break confirm',
    'break list',
    'a day passes',
    'index',
    'settle',
  ];
  const bank = fc.constantFrom(...(Object.keys(BANKS) as (keyof typeof BANKS)[])); // Its own keys.
  await fc.assert(
    fc.asyncProperty(bank, fc.boolean(), scriptOf(steps), async (answer, declinesLater, script) =>
      play(await onStripe(answer, declinesLater), script),
    ),
    { numRuns: 100 },
  );
});

async function simulated(token: string, answer: 'confirmed' | 'refused'): Promise<Stage> {
  const callbacks: CallbackRequest[] = [];
  const gateway = createSimulatedGateway({ callbackSecrets: ['secret'] });
  gateway.onCallback((request) => void callbacks.push(request));
  const workspaceId = newId();
  const method = await gateway.attach({ workspaceId, token, customerRef: null });
  const chargeId = newId();
  const chargeRef = `sim_ch_${chargeId}`;
  return {
    gateway,
    request: { chargeId, workspaceId, amountMinor: 1_000, currency: 'usd', method, description: 'x' },
    steps: {
      'lose callbacks': () => gateway.settlePending({ deliver: false }),
      'call back': () => gateway.settlePending(),
      settle: () => {
        gateway.answerAction(chargeRef, answer);
        return gateway.settlePending();
      },
    },
    callbacks: () => callbacks,
    counts: () => {
      const charges = gateway.charges();
      return {
        charges: charges.length,
        payments: charges.filter(({ outcome }) => outcome.status === 'succeeded').length,
      };
    },
    stop: async () => {},
  };
}

/** Invariant: the simulated gateway keeps the same promise, whatever its cards do; so what is built on it holds on Stripe. */
test('simulated: one charge, one outcome', async () => {
  const token = fc.constantFrom(
    ...['sim_success', 'sim_decline', 'sim_slow', 'sim_slow_decline', 'sim_action_required', 'sim_duplicate_callback'],
    ...['sim_unavailable', 'sim_lost_answer'],
  );
  const answer = fc.constantFrom('confirmed' as const, 'refused' as const);
  const script = scriptOf(['lose callbacks', 'call back', 'settle']);
  await fc.assert(
    fc.asyncProperty(token, answer, script, async (card, given, what) => play(await simulated(card, given), what)),
    { numRuns: 500 },
  );
});

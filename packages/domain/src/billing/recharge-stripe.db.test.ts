import { CallbackRefused } from '@morket/contract/billing';
import { createStripeGateway } from '@morket/domain/payment';
import { createWorld, type World } from '@morket/testing';
import { type StripeFake, startStripeFake } from '@morket/testing/stripe-fake';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { intactBooks, outcomesOf } from '../../test/ledger/outcomes.ts';
import { createRechargeLab, eventually } from '../../test/ledger/recharge-lab.ts';

let stripe: StripeFake;
let world: World;
let lab: ReturnType<typeof createRechargeLab>;
beforeAll(async () => {
  stripe = await startStripeFake();
  const gateway = createStripeGateway({
    ...{ secretKey: stripe.secretKey, webhookSecrets: [stripe.webhookSecret], apiUrl: stripe.apiUrl },
    ...{ timeoutMs: 2_000, returnUrl: 'https://app.example/billing' },
  });
  world = await createWorld({ gateway });
  lab = createRechargeLab(world);
});
afterAll(async () => {
  stripe.release();
  await world.close();
  await stripe.stop();
});
/** What there was before the test. */
let from = { events: 0, payments: 0, intents: 0 };
beforeEach(() => {
  from = { events: stripe.events.length, payments: stripe.payments().length, intents: stripe.intents().length };
});
afterEach(() => {
  stripe.clearFaults();
  stripe.release();
});

const payments = () => stripe.payments().slice(from.payments);
const intents = () => stripe.intents().slice(from.intents);
const aRecharged = (token = 'pm_card_visa') => lab.aRecharged({ token });
/** Every event of this test arrives, the last one first, and then all of them again. */
async function deliverTwice(): Promise<void> {
  const events = stripe.events.slice(from.events);
  for (const event of [...events.toReversed(), ...events]) await world.recharger?.hear(stripe.signed(event));
}
async function sweepAgain(tenant: Parameters<typeof lab.endLease>[0]): Promise<void> {
  await lab.endLease(tenant);
  await world.sweepBilling();
}

test('debits at once across the threshold make one payment at Stripe and one credit', async () => {
  const tenant = await aRecharged();
  expect(await outcomesOf(Array.from({ length: 60 }, () => lab.spend(tenant, 1)))).toEqual({ done: 60 });
  await lab.reached(tenant, ['succeeded']);
  const [recharge] = await lab.list(tenant);
  expect(payments()).toEqual([{ intentId: intents()[0]?.id, chargeId: recharge?.id, amount: 100 }]);
  expect(intents()).toMatchObject([
    { currency: 'usd', description: '100 credits', metadata: { charge_id: recharge?.id, workspace_id: tenant.id } },
  ]);
  await deliverTwice();
  expect(await lab.bought(tenant)).toEqual([100]);
  expect(await intactBooks(world, tenant)).toMatchObject({ balance: 140 });
});

test.each(['disconnect', 'stall', 'answer'] as const)(
  'an answer that is lost (%s): paid once, credited once',
  async (kind) => {
    const tenant = await aRecharged();
    stripe.failNext(
      'payment_intents.create',
      kind === 'answer' ? { kind, when: 'after', status: 500 } : { kind, when: 'after' },
    );
    await lab.spend(tenant, 60);
    await lab.putOff(tenant);
    expect(await lab.states(tenant)).toEqual(['open']);
    // The key is good for a day; the charge is found without it.
    stripe.forgetIdempotencyKeys();
    await sweepAgain(tenant);
    await lab.reached(tenant, ['succeeded']);
    await deliverTwice();
    await sweepAgain(tenant);
    expect(payments()).toHaveLength(1);
    expect(await lab.bought(tenant)).toEqual([100]);
  },
);

test('the callback comes while the answer is still on its way: credited once', async () => {
  const tenant = await aRecharged();
  const { met } = stripe.failNext('payment_intents.create', { kind: 'hold', when: 'after' });
  await lab.spend(tenant, 60);
  await met;
  await deliverTwice();
  await lab.reached(tenant, ['succeeded']);
  stripe.release();
  await world.sweepBilling();
  expect(payments()).toHaveLength(1);
  expect(await lab.bought(tenant)).toEqual([100]);
});

test('a decline fails with our word for it, and leaves nothing open at Stripe', async () => {
  const tenant = await aRecharged('pm_card_chargeCustomerFail');
  await lab.spend(tenant, 60);
  await lab.reached(tenant, ['failed']);
  expect(await lab.list(tenant)).toMatchObject([{ reason: 'card_declined' }]);
  await eventually(() => expect(intents()).toMatchObject([{ status: 'canceled' }]));
  await deliverTwice();
  expect(await lab.eventsOf(tenant, 'billing.recharge_failed')).toHaveLength(1);
  expect(payments()).toEqual([]);
});

test('a payment that is processed for a while is credited when it is paid', async () => {
  const tenant = await aRecharged();
  stripe.bankAnswersNext({ kind: 'processes' });
  await lab.spend(tenant, 60);
  await eventually(async () => expect((await lab.row(tenant))?.chargeRef).toBe(intents()[0]?.id));
  await sweepAgain(tenant);
  expect(await lab.states(tenant)).toEqual(['open']);
  stripe.settle(intents()[0]?.id ?? '');
  await sweepAgain(tenant);
  await deliverTwice();
  expect(await lab.states(tenant)).toEqual(['succeeded']);
  expect(await lab.bought(tenant)).toEqual([100]);
});

test('one that is not paid in the end is void, though only a callback tells of it', async () => {
  const tenant = await aRecharged();
  stripe.bankAnswersNext({ kind: 'processes' });
  await lab.spend(tenant, 60);
  await eventually(async () => expect((await lab.row(tenant))?.chargeRef).toBe(intents()[0]?.id));
  stripe.settle(intents()[0]?.id ?? '', { code: 'card_declined', declineCode: 'insufficient_funds' });
  await deliverTwice();
  await lab.reached(tenant, ['failed']);
  expect(await lab.list(tenant)).toMatchObject([{ reason: 'insufficient_funds' }]);
  await eventually(() => expect(intents()).toMatchObject([{ status: 'canceled' }]));
});

test('a bank that wants the person to confirm gets them a page, and the recharge waits', async () => {
  const tenant = await aRecharged('pm_card_authenticationRequired');
  await lab.spend(tenant, 60);
  await lab.reached(tenant, ['action_required']);
  await deliverTwice();
  const [recharge] = await lab.list(tenant);
  expect(recharge?.actionUrl).toContain('https://hooks.stripe.com/redirect/authenticate/');
  expect(await lab.eventsOf(tenant, 'billing.recharge_action_required')).toEqual([
    { rechargeId: recharge?.id, actionUrl: recharge?.actionUrl },
  ]);
  stripe.answerAction(intents()[0]?.id ?? '', 'confirmed');
  await deliverTwice();
  await lab.reached(tenant, ['succeeded']);
  expect(payments()).toHaveLength(1);
  expect(await lab.bought(tenant)).toEqual([100]);
});

test('a confirmation that is refused fails, and leaves nothing open at Stripe', async () => {
  const tenant = await aRecharged('pm_card_authenticationRequired');
  await lab.spend(tenant, 60);
  await lab.reached(tenant, ['action_required']);
  stripe.answerAction(intents()[0]?.id ?? '', 'refused');
  await sweepAgain(tenant);
  await lab.reached(tenant, ['failed']);
  expect(await lab.list(tenant)).toMatchObject([{ reason: 'authentication_failed' }]);
  await eventually(() => expect(intents()).toMatchObject([{ status: 'canceled' }]));
});

test('a card that was taken away at Stripe fails like a decline', async () => {
  const tenant = await aRecharged();
  const stored = await world.db.read.paymentMethod.findUniqueOrThrow({ where: { workspaceId: tenant.id } });
  stripe.detach(stored.methodRef);
  await lab.spend(tenant, 60);
  await lab.reached(tenant, ['failed']);
  expect(await lab.list(tenant)).toMatchObject([{ reason: 'method_unusable' }]);
});

test('another card that is the same card lifts no suspension; another number does', async () => {
  const tenant = await aRecharged('pm_card_chargeCustomerFail');
  const { recharges } = world.services;
  await world.db.read.$executeRaw`
    insert into recharge_rules (workspace_id, failures, failed_fingerprint)
    select workspace_id, 3, fingerprint from payment_methods where workspace_id = ${tenant.id}::uuid
    on conflict (workspace_id) do update set failures = 3, failed_fingerprint = excluded.failed_fingerprint`;
  await recharges.setMethod(tenant.scope, { token: 'pm_card_chargeCustomerFail' });
  expect(await recharges.getRule(tenant.scope)).toMatchObject({ suspended: true });
  await recharges.setMethod(tenant.scope, { token: 'pm_card_mastercard' });
  expect(await recharges.getRule(tenant.scope)).toMatchObject({
    ...{ suspended: false, paymentMethod: { label: 'mastercard •••• 4444' } },
  });
});

test('money that comes for a recharge that had failed is not lost sight of', async () => {
  const tenant = await aRecharged('pm_card_chargeCustomerFail');
  await lab.spend(tenant, 60);
  await lab.reached(tenant, ['failed']);
  const [recharge] = await lab.list(tenant);
  world.takeLogs();
  // Somebody paid it on Stripe's page with another card, before it was void.
  const paid = { ...intents()[0], status: 'succeeded', amount_received: 100, last_payment_error: null };
  await world.recharger?.hear(stripe.signed({ type: 'payment_intent.succeeded', data: { object: paid } }));
  const isCredited = (await lab.bought(tenant)).length === 1;
  const isLogged = world.takeLogs().some((line) => line.rechargeId === recharge?.id && line.level === 'error');
  expect(isCredited || isLogged, 'credited, or told to operators').toBe(true);
});

test('a charge that Stripe can never take comes to an end', async () => {
  // Fifty cents are the least.
  const tenant = await lab.aRecharged({ credits: 20, token: 'pm_card_visa', rule: { threshold: 10, amount: 10 } });
  await lab.spend(tenant, 15);
  await lab.reached(tenant, ['failed']);
  expect(intents()).toEqual([]);
});

test('a callback that Stripe has not signed is refused', async () => {
  const tenant = await aRecharged();
  stripe.bankAnswersNext({ kind: 'processes' });
  await lab.spend(tenant, 60);
  await eventually(async () => expect((await lab.row(tenant))?.chargeRef).toBe(intents()[0]?.id));
  stripe.settle(intents()[0]?.id ?? '');
  const paid = stripe.events.at(-1);
  const forged = stripe.signed(paid, { secrets: ['whsec_of_somebody_else'] });
  await expect(world.recharger?.hear(forged)).rejects.toSatisfy(CallbackRefused.is);
  await expect(world.recharger?.hear({ ...forged, headers: {} })).rejects.toSatisfy(CallbackRefused.is);
  const old = stripe.signed(paid, { atMs: Date.now() - 3_600_000 });
  await expect(world.recharger?.hear(old)).rejects.toSatisfy(CallbackRefused.is);
  expect(await lab.bought(tenant)).toEqual([]);
  await world.recharger?.hear(stripe.signed(paid));
  expect(await lab.bought(tenant)).toEqual([100]);
});

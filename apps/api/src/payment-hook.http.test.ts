import { aTenant, createWorld, type Tenant, type World } from '@morket/testing';
import { type StripeFake, startStripeFake } from '@morket/testing/stripe-fake';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PAYMENT_HOOK_PATH } from './payment-hook.ts';

/** The product set up for Stripe, against a stand-in of Stripe's API. */
let stripe: StripeFake;
let world: World;
let tenant: Tenant;
let hookUrl: string;

beforeAll(async () => {
  stripe = await startStripeFake();
  world = await createWorld({
    env: {
      PAYMENT_GATEWAY: 'stripe',
      STRIPE_SECRET_KEY: stripe.secretKey,
      STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
      STRIPE_API_URL: stripe.apiUrl,
      CREDIT_PRICE_MINOR: '2',
      CREDIT_CURRENCY: 'eur',
    },
  });
  hookUrl = `${await world.app.listen({ port: 0, host: '127.0.0.1' })}${PAYMENT_HOOK_PATH}`;
  tenant = await aTenant(world, { credits: 100 });
});
afterAll(async () => {
  await world.close();
  await stripe.stop();
});

const balance = async () => (await world.services.billing.get(tenant.scope)).creditBalance;

test('a debit below the threshold charges the card, and however often Stripe tells, credits come once', async () => {
  const { billing, recharges } = world.services;
  expect(await recharges.setMethod(tenant.scope, { token: 'pm_card_visa' })).toEqual({ label: 'visa •••• 4242' });
  await recharges.setRule(tenant.scope, { enabled: true, threshold: 50, amount: 200 });
  await billing.debit(tenant.scope, { amount: 60, description: 'a run' });
  await vi.waitFor(async () => expect(await balance()).toBe(240), { timeout: 10_000 });

  expect(stripe.payments()).toMatchObject([{ amount: 400 }]);
  expect(stripe.intents()).toMatchObject([{ amount: 400, currency: 'eur' }]);
  const succeeded = stripe.events.filter(({ type }) => type === 'payment_intent.succeeded');
  expect(succeeded).toHaveLength(1);
  for (let time = 0; time < 2; time += 1) expect(await stripe.deliver(hookUrl, succeeded)).toEqual([200]);
  expect(await balance()).toBe(240);
  expect((await recharges.list(tenant.scope, { page: 1, limit: 10 })).items).toMatchObject([
    { state: 'succeeded', credits: 200, amountMinor: 400, currency: 'eur' },
  ]);
});

test('a callback that Stripe did not sign is refused in the envelope', async () => {
  for (const headers of [{}, { 'stripe-signature': 't=1,v1=00' }]) {
    const answer = await fetch(hookUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"type":"payment_intent.succeeded"}',
    });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ success: false, error: { code: 'billing.callback_refused' } });
  }
});

test('what is not a callback at all does no harm', async () => {
  expect((await fetch(hookUrl)).status).toBe(404);
  expect((await fetch(hookUrl, { method: 'POST' })).status).toBe(403);
  const huge = await fetch(hookUrl, { method: 'POST', body: 'x'.repeat(100_000) });
  expect(huge.status).toBe(413);
});

test('a payment that others made through the same account is none of ours, whatever they call it', async () => {
  const before = await world.db.read.creditRecharge.findMany({ orderBy: { id: 'asc' } });
  const wasBalance = await balance();
  for (const chargeId of ['order-123', '', 'ffffffff-ffff-ffff-ffff-fffffffffff', crypto.randomUUID()]) {
    const object = {
      ...{ id: 'pi_of_others', object: 'payment_intent', status: 'succeeded', amount_received: 400, currency: 'eur' },
      metadata: { charge_id: chargeId, workspace_id: tenant.id },
    };
    expect(await stripe.deliver(hookUrl, [{ type: 'payment_intent.succeeded', data: { object } }])).toEqual([200]);
  }
  expect(await world.db.read.creditRecharge.findMany({ orderBy: { id: 'asc' } })).toEqual(before);
  expect(await balance()).toBe(wasBalance);
});

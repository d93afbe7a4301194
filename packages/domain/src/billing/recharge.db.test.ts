import { withClient } from '@morket/testing/template-database';
import { expect, test } from 'vitest';
import { intactBooks, outcomesOf } from '../../test/ledger/outcomes.ts';
import { useRechargeWorlds } from '../../test/ledger/recharge-worlds.ts';

const here = useRechargeWorlds();

test('500 debits at once across the threshold make one charge and one credit', async () => {
  const tenant = await here.lab.aRecharged({ credits: 1_000, rule: { threshold: 800, amount: 1_000 } });
  const debits = Array.from({ length: 500 }, (_, index) => {
    const { billing } = (index % 2 === 0 ? here.world : here.second).services;
    return billing.debit(tenant.scope, { amount: 1, description: 'burst' });
  });
  expect(await outcomesOf(debits)).toEqual({ done: 500 });
  await here.lab.reached(tenant, ['succeeded']);
  expect(await here.chargesOf(tenant)).toMatchObject([{ amountMinor: 1_000, outcome: { status: 'succeeded' } }]);
  expect(here.askedFor(tenant)).toHaveLength(1);
  expect(await here.lab.balance(tenant)).toBe(1_500);
  expect(await intactBooks(here.world, tenant)).toMatchObject({ balance: 1_500 });
  expect(await here.lab.eventsOf(tenant, 'billing.recharge_opened')).toHaveLength(1);
  expect(await here.lab.eventsOf(tenant, 'billing.recharge_succeeded')).toHaveLength(1);
  expect(await here.lab.eventsOf(tenant, 'billing.balance_low')).toHaveLength(1);
});

test('one charge closes the whole gap, at the price of a credit, and says what it was for', async () => {
  const tenant = await here.lab.aRecharged({ credits: 500, rule: { threshold: 400, amount: 50 } });
  await here.lab.spend(tenant, 500);
  await here.lab.reached(tenant, ['succeeded']);
  expect(await here.lab.bought(tenant)).toEqual([400]);
  const [recharge] = await here.lab.list(tenant);
  expect(recharge).toMatchObject({ credits: 400, amountMinor: 400, currency: 'usd', reason: null });
  const { items } = await here.world.services.billing.transactions(tenant.scope, { page: 1, limit: 1 });
  expect(items).toMatchObject([
    { id: recharge?.transactionId, type: 'auto_recharge', referenceId: recharge?.id, createdBy: null },
  ]);
  expect(await here.lab.eventsOf(tenant, 'billing.auto_recharged')).toMatchObject([{ amount: 400, balanceAfter: 400 }]);
});

test('each crossing buys once', async () => {
  const tenant = await here.lab.aRecharged();
  for (const wanted of [['succeeded'], ['succeeded', 'succeeded'], ['succeeded', 'succeeded', 'succeeded']]) {
    await here.lab.spend(tenant, 80);
    await here.lab.reached(tenant, wanted);
    await here.lab.spend(tenant, 10);
    await here.lab.pass(tenant, 11);
  }
  expect(await here.lab.bought(tenant)).toEqual([100, 100, 100]);
  expect(await here.lab.balance(tenant)).toBe(100 + 300 - 270);
});

test('a hold crosses the threshold as a debit does, and its capture does not cross it again', async () => {
  const tenant = await here.lab.aRecharged();
  const { holds } = here.world.services;
  const hold = await holds.create(tenant.scope, { amount: 80, description: 'run' });
  await here.lab.reached(tenant, ['succeeded']);
  await holds.capture(tenant.scope, { holdId: hold.id, amount: 80 });
  expect(await here.lab.states(tenant)).toEqual(['succeeded']);
  expect(await here.lab.balance(tenant)).toBe(120);
});

test('no purchase is larger than the largest; what is still missing is bought next', async () => {
  const tenant = await here.lab.aRecharged({ credits: 300, rule: { threshold: 250, amount: 50, maxAmount: 150 } });
  await here.lab.spend(tenant, 300);
  await here.lab.reached(tenant, ['succeeded', 'succeeded']);
  expect(await here.lab.bought(tenant)).toEqual([150, 100]);
  expect(await here.lab.balance(tenant)).toBe(250);
});

test('two attempts in ten minutes are all, whatever became of them; operators are told, the customer once', async () => {
  const tenant = await here.lab.aRecharged({ credits: 300, rule: { threshold: 250, amount: 50, maxAmount: 50 } });
  await here.lab.spend(tenant, 200);
  await here.lab.reached(tenant, ['succeeded', 'succeeded', 'blocked']);
  expect((await here.lab.list(tenant))[0]).toMatchObject({ reason: 'attempt_limit', credits: null });
  await here.lab.spend(tenant, 10);
  await here.lab.spend(tenant, 10);
  await here.second.sweepBilling();
  expect(await here.lab.eventsOf(tenant, 'billing.recharge_blocked')).toMatchObject([{ reason: 'attempt_limit' }]);
  expect(here.lab.logsOf(tenant, 'automatic recharge tries too often')).toHaveLength(1);
  const { restsUntil } = await here.world.services.recharges.getRule(tenant.scope);
  expect(restsUntil?.getTime()).toBeGreaterThan(Date.now() + 9 * 60_000);
  expect(restsUntil?.getTime()).toBeLessThan(Date.now() + 10 * 60_000);
  await here.lab.pass(tenant, 10);
  await here.lab.spend(tenant, 10);
  await here.lab.reached(tenant, ['succeeded', 'succeeded', 'blocked', 'succeeded', 'succeeded']);
});

test('switched on while already below, it buys at once, and once', async () => {
  const tenant = await here.lab.aRecharged({ credits: 20, rule: { enabled: false } });
  await here.lab.spend(tenant, 10);
  expect(await here.lab.list(tenant)).toEqual([]);
  await Promise.all([
    here.lab.setRule(tenant),
    here.second.services.recharges.setRule(tenant.scope, { enabled: true, threshold: 50, amount: 100 }),
  ]);
  await here.lab.reached(tenant, ['succeeded']);
  expect(await here.lab.balance(tenant)).toBe(110);
});

test('the database itself refuses a second open recharge', async () => {
  const tenant = await here.lab.aRecharged();
  await withClient(here.world.databaseUrl, async (client) => {
    const open = (state: string) =>
      client.query(
        `insert into credit_recharges (workspace_id, id, state, attempted_at, leased_until, created_at)
         values ($1, gen_random_uuid(), $2::recharge_state, '{}', now() + interval '1 day', now())`,
        [tenant.id, state],
      );
    await open('succeeded');
    await open('action_required');
    await expect(open('open')).rejects.toThrow('credit_recharges_open');
    await expect(open('action_required')).rejects.toThrow('credit_recharges_open');
    await open('failed');
  });
});

test('purchases in a window are counted', async () => {
  const tenant = await here.lab.aRecharged({ rule: { maxPurchases: { count: 1, per: 'hour' } } });
  await here.lab.spend(tenant, 60);
  await here.lab.reached(tenant, ['succeeded']);
  await here.lab.spend(tenant, 100);
  await here.lab.reached(tenant, ['succeeded', 'blocked']);
  expect((await here.lab.list(tenant))[0]).toMatchObject({ reason: 'purchase_limit' });
  const { restsUntil } = await here.world.services.recharges.getRule(tenant.scope);
  expect(restsUntil?.getTime()).toBeGreaterThan(Date.now() + 55 * 60_000);
  await here.lab.spend(tenant, 5);
  expect(await here.lab.states(tenant)).toHaveLength(2);
  // An hour later.
  await here.world.db.read.$executeRaw`
    update credit_recharges set created_at = created_at - interval '1 hour' where workspace_id = ${tenant.id}::uuid`;
  await here.lab.pass(tenant, 60);
  await here.lab.spend(tenant, 5);
  await here.lab.reached(tenant, ['succeeded', 'blocked', 'succeeded']);
});

test('a monthly limit is never passed, and its marks are told once each', async () => {
  const tenant = await here.lab.aRecharged({ credits: 50, rule: { threshold: 50, amount: 5, monthlyLimit: 100 } });
  const wanted: string[] = [];
  const spend = async (amount: number, ...states: string[]) => {
    await here.lab.spend(tenant, amount);
    wanted.push(...states);
    await here.lab.reached(tenant, wanted);
    await here.lab.pass(tenant, 11);
  };
  for (const amount of [40, 39, 5, 5, 5]) await spend(amount, 'succeeded');
  // Of 20 that are missing the limit leaves 6.
  await spend(20, 'succeeded', 'blocked');
  expect(await here.lab.bought(tenant)).toEqual([40, 39, 5, 5, 5, 6]);
  expect(await here.lab.eventsOf(tenant, 'billing.ceiling_approached')).toMatchObject([
    { scope: 'auto_recharge', percent: 80, spent: 84, limit: 100 },
    { percent: 90, spent: 94, limit: 100 },
  ]);
  expect(await here.lab.eventsOf(tenant, 'billing.ceiling_reached')).toMatchObject([
    { percent: 100, spent: 100, limit: 100 },
  ]);
  await here.lab.spend(tenant, 5);
  expect(await here.lab.states(tenant)).toEqual(wanted);
  const { billingCycleEnd } = await here.world.services.billing.get(tenant.scope);
  expect(await here.lab.eventsOf(tenant, 'billing.recharge_blocked')).toMatchObject([{ reason: 'monthly_limit' }]);
  expect(await here.world.services.recharges.getRule(tenant.scope)).toMatchObject({ boughtThisCycle: 100 });
  expect((await here.lab.list(tenant))[0]).toMatchObject({ reason: 'monthly_limit' });
  const [blocked] = await here.lab.eventsOf(tenant, 'billing.recharge_blocked');
  expect(blocked).toMatchObject({ until: billingCycleEnd.toISOString() });
});

test('a limit that is raised is asked again', async () => {
  const rule = { threshold: 50, amount: 100 };
  const tenant = await here.lab.aRecharged({ rule: { ...rule, monthlyLimit: 100 } });
  await here.lab.spend(tenant, 60);
  await here.lab.reached(tenant, ['succeeded']);
  await here.lab.spend(tenant, 100);
  await here.lab.reached(tenant, ['succeeded', 'blocked']);
  await here.lab.setRule(tenant, { ...rule, monthlyLimit: 200 });
  await here.lab.reached(tenant, ['succeeded', 'blocked', 'succeeded']);
  expect(await here.lab.balance(tenant)).toBe(140);
});

test('without a card nothing is switched on, and with the card goes the rule', async () => {
  const { recharges } = here.world.services;
  const tenant = await here.lab.aRecharged();
  await recharges.removeMethod(tenant.scope);
  expect(await recharges.getRule(tenant.scope)).toMatchObject({ enabled: false, paymentMethod: null });
  await here.lab.spend(tenant, 80);
  expect(await here.lab.list(tenant)).toEqual([]);
  await expect(here.lab.setRule(tenant)).rejects.toMatchObject({ code: 'billing.payment_method_required' });
  await expect(recharges.setMethod(tenant.scope, { token: 'sim_refused' })).rejects.toMatchObject({
    ...{ code: 'billing.payment_method_refused', details: { reason: 'card_declined' } },
  });
});

test('while the provider has no card of theirs, a rule that is on is told so once', async () => {
  const tenant = await here.lab.aRecharged();
  // As after the operator has changed the provider.
  await here.world.db.read.$executeRaw`
    update payment_methods set gateway = 'another' where workspace_id = ${tenant.id}::uuid`;
  await here.lab.spend(tenant, 60);
  await here.lab.reached(tenant, ['blocked']);
  await here.lab.spend(tenant, 5);
  await here.second.sweepBilling();
  expect((await here.lab.list(tenant)).map(({ reason }) => reason)).toEqual(['no_payment_method']);
});

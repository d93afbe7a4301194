import { aTenant, type Tenant, useWorld } from '@morket/testing';
import { beforeEach, expect, test } from 'vitest';
import { cycleOf } from './account.model.ts';

const world = useWorld();
let tenant: Tenant;
beforeEach(async () => {
  tenant = await aTenant(world, { credits: 1_000 });
});

const debit = (amount: number) => world.services.billing.debit(tenant.scope, { amount, description: 'leads' });
const get = () => world.services.billing.get(tenant.scope);
/** Puts the account two months back, as if nobody had touched it since. */
const lieFallow = () =>
  world.db.read.$executeRaw`
    update billing_accounts set cycle_start = cycle_start - interval '2 months', cycle_end = cycle_end - interval '2 months'
     where workspace_id = ${tenant.id}::uuid`;

test('a limit counts what the cycle has spent, additions aside', async () => {
  await world.services.billing.setCreditLimit(tenant.scope, { creditLimit: 50 });
  await debit(30);
  await world.services.billing.addCredits(tenant.scope, { amount: 500, description: 'top-up' });
  await expect(debit(21)).rejects.toMatchObject({
    code: 'billing.credit_limit_reached',
    details: { required: 21, remaining: 20, limit: 50, resetsAt: cycleOf(new Date()).end.toISOString() },
  });
  await debit(20);
  expect(await get()).toMatchObject({ cycleSpentCredits: 50, creditLimit: 50 });
});

test('what was spent before the limit was set counts', async () => {
  await debit(40);
  const billing = await world.services.billing.setCreditLimit(tenant.scope, { creditLimit: 30 });
  expect(billing).toMatchObject({ creditLimit: 30, cycleSpentCredits: 40 });
  await expect(debit(1)).rejects.toMatchObject({ details: { remaining: 0 } });
});

test('a cycle that has ended is over for readers at once, and for the books with the next debit', async () => {
  await world.services.billing.setCreditLimit(tenant.scope, { creditLimit: 50 });
  await debit(50);
  await lieFallow();
  const { start, end } = cycleOf(new Date());
  expect(await get()).toMatchObject({ cycleSpentCredits: 0, billingCycleStart: start, billingCycleEnd: end });
  await debit(50);
  expect(await get()).toMatchObject({ cycleSpentCredits: 50, creditBalance: 900 });
  const stored = await world.db.read.billingAccount.findUniqueOrThrow({ where: { workspaceId: tenant.id } });
  expect(stored).toMatchObject({ cycleStart: start, cycleEnd: end, cycleSpent: 50n });
  await expect(debit(1)).rejects.toMatchObject({ code: 'billing.credit_limit_reached' });
});

test('adding credits in a new cycle does not bring the old one’s spending back', async () => {
  await debit(40);
  await lieFallow();
  await world.services.billing.addCredits(tenant.scope, { amount: 1, description: 'top-up' });
  expect(await get()).toMatchObject({ cycleSpentCredits: 0 });
  await debit(5);
  expect(await get()).toMatchObject({ cycleSpentCredits: 5 });
});

test('settings answer with what they made, and are there afterwards', async () => {
  const { recharges } = world.services;
  const rule = { enabled: true, threshold: 10, amount: 25 };
  await recharges.setMethod(tenant.scope, { token: 'sim_success' });
  const billing = await recharges.setRule(tenant.scope, rule);
  expect(billing).toMatchObject({
    autoRecharge: true,
    autoRechargeThreshold: 10,
    autoRechargeAmount: 25,
    creditBalance: 1_000,
  });
  expect(await get()).toEqual(billing);
  const off = await recharges.setRule(tenant.scope, { ...rule, enabled: false });
  expect(await get()).toEqual(off);
  const tooMuch = recharges.setRule(tenant.scope, {
    enabled: true,
    threshold: Number.MAX_SAFE_INTEGER,
    amount: 1,
  });
  await expect(tooMuch).rejects.toMatchObject({ code: 'billing.balance_too_large' });
});

test('a rule is switched on where there is a payment method, and off with it', async () => {
  const { recharges } = world.services;
  const rule = { enabled: true, threshold: 10, amount: 25 };
  const refusal = { code: 'billing.payment_method_required' };
  await expect(recharges.setRule(tenant.scope, rule)).rejects.toMatchObject(refusal);
  expect(await recharges.setRule(tenant.scope, { ...rule, enabled: false })).toMatchObject({ autoRecharge: false });
  await recharges.setMethod(tenant.scope, { token: 'sim_success' });
  expect(await recharges.setRule(tenant.scope, rule)).toMatchObject({ autoRecharge: true });
  await recharges.removeMethod(tenant.scope);
  expect(await get()).toMatchObject({ autoRecharge: false, autoRechargeThreshold: 10, autoRechargeAmount: 25 });
});

test('held credits are shown, and are not available', async () => {
  await world.services.holds.create(tenant.scope, { amount: 400, description: 'leads' });
  expect(await get()).toMatchObject({ creditBalance: 1_000, heldCredits: 400, availableCredits: 600 });
  await expect(debit(601)).rejects.toMatchObject({ details: { required: 601, available: 600 } });
  await debit(600);
  expect(await get()).toMatchObject({ creditBalance: 400, availableCredits: 0 });
});

import { aTenant, type Tenant } from '@morket/testing';
import { expect, test } from 'vitest';
import { eventually } from '../../test/ledger/recharge-lab.ts';
import { useRechargeWorlds } from '../../test/ledger/recharge-worlds.ts';
import { signCallback } from '../payment/callback-signature.ts';

const here = useRechargeWorlds();

const setCard = ({ scope }: Tenant, token: string) => here.world.services.recharges.setMethod(scope, { token });
const failuresOf = ({ id }: Tenant) => here.world.db.read.rechargeRule.findUnique({ where: { workspaceId: id } });
const chargeRefOf = async (tenant: Tenant): Promise<string> => {
  const row = await eventually(async () => {
    const found = await here.lab.row(tenant);
    expect(found?.chargeRef).not.toBeNull();
    return found;
  });
  return row?.chargeRef ?? '';
};
const age = ({ id }: Tenant, hours: number) =>
  here.world.db.read.$executeRaw`
    update credit_recharges set created_at = created_at - make_interval(hours => ${hours}::int)
     where workspace_id = ${id}::uuid`;

test('a payment that waits for a person is called off when another card is set, and that one pays at once', async () => {
  const tenant = await here.lab.aRecharged({ token: 'sim_action_required' });
  await here.lab.spend(tenant, 60);
  await here.lab.reached(tenant, ['action_required']);
  const chargeRef = await chargeRefOf(tenant);
  await setCard(tenant, 'sim_success');
  await here.lab.reached(tenant, ['failed', 'succeeded']);
  expect(here.wasVoided(chargeRef)).toBe(true);
  expect(await here.lab.bought(tenant)).toEqual([100]);
  const { scope } = tenant;
  expect(await here.world.services.recharges.getRule(scope)).toMatchObject({ suspended: false, restsUntil: null });
  // Nobody can pay it any more: the news of both charges changes nothing.
  here.simulated.answerAction(chargeRef, 'confirmed');
  await here.simulated.settlePending();
  expect(await here.lab.states(tenant)).toEqual(['failed', 'succeeded']);
  expect(await here.lab.bought(tenant)).toEqual([100]);
});

test('that call-off is no failure of the new card', async () => {
  const tenant = await here.lab.aRecharged({ token: 'sim_action_required' });
  await here.lab.spend(tenant, 60);
  await here.lab.reached(tenant, ['action_required']);
  await setCard(tenant, 'sim_decline');
  await here.lab.reached(tenant, ['failed', 'failed']);
  expect(await failuresOf(tenant)).toMatchObject({ failures: 1 });
});

test('a decline that comes late for the card of before holds the new one up for nothing', async () => {
  const tenant = await here.lab.aRecharged({ token: 'sim_slow_decline' });
  await here.lab.spend(tenant, 60);
  await chargeRefOf(tenant);
  await setCard(tenant, 'sim_slow');
  await here.simulated.settlePending();
  await eventually(async () => expect((await here.lab.states(tenant))[0]).toBe('failed'));
  await chargeRefOf(tenant);
  const card = await here.world.db.read.paymentMethod.findUnique({ where: { workspaceId: tenant.id } });
  const rule = await failuresOf(tenant);
  expect(rule).toMatchObject({ failures: 1, failedFingerprint: expect.stringMatching(/^sim_/) });
  expect(rule?.failedFingerprint).not.toBe(card?.fingerprint);
  await here.simulated.settlePending();
  await here.lab.reached(tenant, ['failed', 'succeeded']);
  expect(await here.lab.bought(tenant)).toEqual([100]);
});

test('a card that failed is not charged again within the hour by being removed and set anew', async () => {
  const tenant = await here.lab.aRecharged({ token: 'sim_decline' });
  await here.lab.spend(tenant, 60);
  await here.lab.reached(tenant, ['failed']);
  await here.world.services.recharges.removeMethod(tenant.scope);
  await setCard(tenant, 'sim_decline');
  await here.lab.setRule(tenant);
  await here.lab.reached(tenant, ['failed', 'blocked']);
  expect(await here.lab.list(tenant)).toMatchObject([{ reason: 'recent_failure' }, { reason: 'card_declined' }]);
  expect(here.askedFor(tenant)).toHaveLength(1);
});

test('a change of the limits is written down and told', async () => {
  const tenant = await aTenant(here.world, { credits: 100 });
  await setCard(tenant, 'sim_success');
  const bare = { enabled: true, threshold: 50, amount: 100 };
  const noLimits = { maxAmount: null, monthlyLimit: null, maxPurchases: null, maxPurchasesPer: null };
  const someLimits = { maxAmount: 300, monthlyLimit: 900, maxPurchases: 2, maxPurchasesPer: 'week' };
  await here.lab.setRule(tenant);
  await here.lab.setRule(tenant, { maxAmount: 300, monthlyLimit: 900, maxPurchases: { count: 2, per: 'week' } });
  await here.lab.setRule(tenant);
  const [none, limited] = [noLimits, someLimits].map((limits) => ({ ...bare, ...limits }));
  expect(await here.lab.eventsOf(tenant, 'billing.auto_recharge_set')).toEqual([none, limited, none]);
  const entries = await here.world.db.read.auditEntry.findMany({
    where: { workspaceId: tenant.id, action: 'billing.auto_recharge_set' },
    orderBy: { id: 'asc' },
  });
  expect(entries.map(({ changes }) => changes).slice(1)).toEqual([
    { before: noLimits, after: someLimits },
    { before: someLimits, after: noLimits },
  ]);
});

test('a charge that the provider has not known for a day is given up, and the rule is free again', async () => {
  const tenant = await here.lab.aRecharged({ token: 'sim_slow' });
  await here.lab.spend(tenant, 60);
  await chargeRefOf(tenant);
  await here.world.db.read.$executeRaw`
    update credit_recharges set charge_ref = 'sim_ch_nobody_knows' where workspace_id = ${tenant.id}::uuid`;
  await age(tenant, 23);
  await here.lab.endLease(tenant);
  await here.world.sweepBilling();
  expect(await here.lab.states(tenant), 'it may still show').toEqual(['open']);
  await age(tenant, 2);
  await here.lab.endLease(tenant);
  await here.world.sweepBilling();
  expect(await here.lab.states(tenant)).toEqual(['failed']);
  expect(here.lab.logsOf(tenant, 'a recharge is given up: the provider does not know it')).toHaveLength(1);
  await here.lab.pass(tenant, 61);
  await here.lab.spend(tenant, 1);
  await eventually(async () => expect(await here.lab.states(tenant)).toEqual(['failed', 'open']));
});

/** The provider tells once more that a person has to confirm. */
async function hearOfAction(tenant: Tenant, actionUrl: string | null): Promise<void> {
  const { id: chargeId } = (await here.lab.row(tenant)) ?? {};
  const outcome = { status: 'action_required', chargeRef: `sim_ch_${chargeId}`, actionUrl };
  const body = Buffer.from(JSON.stringify({ type: 'charge.updated', chargeId, outcome }));
  const headers = { 'simulated-signature': signCallback(body, 'a secret of the test', Date.now()) };
  await here.world.recharger?.hear({ headers, body });
}

test('a callback that knows no page does not lose the one that the answer had', async () => {
  const tenant = await here.lab.aRecharged({ token: 'sim_action_required' });
  await here.lab.spend(tenant, 60);
  await here.lab.reached(tenant, ['action_required']);
  const actionUrl = `https://pay.example/${await chargeRefOf(tenant)}`;
  await hearOfAction(tenant, null);
  expect(await here.lab.list(tenant)).toMatchObject([{ actionUrl }]);
  expect(await here.lab.eventsOf(tenant, 'billing.recharge_action_required')).toMatchObject([{ actionUrl }]);
});

test('a page that only the callback knows is told when it appears, once', async () => {
  const tenant = await here.lab.aRecharged({ token: 'sim_action_required' });
  here.fault(tenant, async (_, next) => {
    const outcome = await next();
    return outcome.status === 'action_required' ? { ...outcome, actionUrl: null } : outcome;
  });
  await here.lab.spend(tenant, 60);
  await here.lab.reached(tenant, ['action_required']);
  const actionUrl = `https://pay.example/${await chargeRefOf(tenant)}`;
  for (let time = 0; time < 2; time += 1) await hearOfAction(tenant, actionUrl);
  await hearOfAction(tenant, null);
  expect(await here.lab.list(tenant)).toMatchObject([{ actionUrl }]);
  const told = await here.lab.eventsOf(tenant, 'billing.recharge_action_required');
  expect(told).toMatchObject([{ actionUrl: null }, { actionUrl }]);
});

test('one recharge pays a debt and leads back to the threshold', async () => {
  const { billing } = here.world.services;
  const tenant = await aTenant(here.world);
  await setCard(tenant, 'sim_success');
  const about = { description: 'by mistake' };
  const { transaction } = await billing.addCredits(tenant.scope, { amount: 100, ...about });
  await here.lab.spend(tenant, 60);
  await billing.reverse(tenant.scope, { transactionId: transaction.id, reason: 'by mistake' });
  expect(await billing.get(tenant.scope)).toMatchObject({ creditBalance: 0, debtCredits: 60 });
  await here.lab.setRule(tenant, { amount: 20 });
  await eventually(async () => expect(await here.lab.balance(tenant)).toBe(50));
  await here.bothSweep();
  expect(await here.lab.states(tenant)).toEqual(['succeeded']);
  expect(await here.lab.bought(tenant)).toEqual([110]);
  expect(await here.chargesOf(tenant)).toHaveLength(1);
});

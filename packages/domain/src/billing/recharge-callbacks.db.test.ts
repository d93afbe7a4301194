import type { CallbackRequest } from '@morket/domain/payment';
import { scopeIn, type Tenant } from '@morket/testing';
import { expect, test } from 'vitest';
import { eventually } from '../../test/ledger/recharge-lab.ts';
import { useRechargeWorlds } from '../../test/ledger/recharge-worlds.ts';

const here = useRechargeWorlds();

test('the callback of a charge whose answer was lost is enough', async () => {
  const tenant = await here.lab.aRecharged({ token: 'sim_lost_answer' });
  await here.lab.spend(tenant, 60);
  await eventually(async () => expect(await here.chargesOf(tenant)).toHaveLength(1));
  await here.simulated.settlePending();
  await here.lab.reached(tenant, ['succeeded']);
  await here.lab.endLease(tenant);
  await here.bothSweep();
  expect(here.askedFor(tenant)).toHaveLength(1);
  await here.expectOnce(tenant);
});

test('callbacks that come twice, to two processes, while both of them ask: credited once', async () => {
  for (const token of ['sim_duplicate_callback', 'sim_slow']) {
    const tenant = await here.lab.aRecharged({ token });
    await here.lab.spend(tenant, 60);
    await eventually(async () => expect(await here.chargesOf(tenant)).toHaveLength(1));
    await here.lab.endLease(tenant);
    await Promise.all([here.simulated.settlePending(), here.bothSweep(), here.simulated.settlePending()]);
    await here.simulated.settlePending();
    await here.lab.reached(tenant, ['succeeded']);
    await here.expectOnce(tenant);
  }
});

test('a pending charge is polled when its callback is lost', async () => {
  const tenant = await here.lab.aRecharged({ token: 'sim_slow' });
  await here.lab.spend(tenant, 60);
  await eventually(async () => expect((await here.lab.row(tenant))?.chargeRef).not.toBeNull());
  await here.lab.endLease(tenant);
  await here.bothSweep();
  expect(await here.lab.states(tenant), 'it pends still').toEqual(['open']);
  here.loseCallbacks();
  await here.simulated.settlePending();
  await here.lab.endLease(tenant);
  await here.bothSweep();
  await here.lab.reached(tenant, ['succeeded']);
  expect(here.askedFor(tenant), 'a known charge is looked up, not asked for again').toHaveLength(1);
  await here.expectOnce(tenant);
});

test('a charge that a person has to confirm waits for that, and nothing else is bought', async () => {
  const tenant = await here.lab.aRecharged({ token: 'sim_action_required' });
  await here.lab.spend(tenant, 60);
  await here.lab.reached(tenant, ['action_required']);
  const row = await here.lab.row(tenant);
  const chargeRef = row?.chargeRef ?? '';
  const actionUrl = `https://pay.example/${chargeRef}`;
  expect(await here.lab.list(tenant)).toMatchObject([{ actionUrl, reason: null }]);
  await here.lab.spend(tenant, 10);
  await here.lab.endLease(tenant);
  await here.bothSweep();
  expect(await here.lab.eventsOf(tenant, 'billing.recharge_action_required')).toMatchObject([{ actionUrl }]);
  expect(await here.lab.states(tenant)).toEqual(['action_required']);
  here.simulated.answerAction(chargeRef, 'confirmed');
  await here.simulated.settlePending();
  await here.lab.reached(tenant, ['succeeded']);
  expect(await here.lab.list(tenant)).toMatchObject([{ actionUrl: null }]);
  await here.expectOnce(tenant);
});

test('a confirmation that is refused is a failure; the poll hears of it too', async () => {
  here.loseCallbacks();
  const tenant = await here.lab.aRecharged({ token: 'sim_action_required' });
  await here.lab.spend(tenant, 60);
  await here.lab.reached(tenant, ['action_required']);
  here.simulated.answerAction((await here.lab.row(tenant))?.chargeRef ?? '', 'refused');
  await here.lab.endLease(tenant);
  await here.bothSweep();
  await here.lab.reached(tenant, ['failed']);
  expect(await here.lab.list(tenant)).toMatchObject([{ reason: 'authentication_failed' }]);
  expect((await here.world.services.recharges.getRule(tenant.scope)).restsUntil?.getTime()).toBeGreaterThan(Date.now());
});

test('a confirmation that nobody gives within a day is given up, and the charge voided', async () => {
  const tenant = await here.lab.aRecharged({ token: 'sim_action_required' });
  await here.lab.spend(tenant, 60);
  await here.lab.reached(tenant, ['action_required']);
  await here.world.db.read.$executeRaw`
    update credit_recharges set created_at = created_at - interval '25 hours' where workspace_id = ${tenant.id}::uuid`;
  await here.lab.endLease(tenant);
  await here.bothSweep();
  await here.lab.reached(tenant, ['failed']);
  expect(await here.lab.list(tenant)).toMatchObject([{ reason: 'canceled' }]);
  expect(await here.chargesOf(tenant)).toMatchObject([{ outcome: { status: 'declined', reason: 'canceled' } }]);
});

test('a charge that fails is voided, whoever brings the news', async () => {
  const told = await here.lab.aRecharged({ token: 'sim_decline' });
  await here.lab.spend(told, 60);
  await here.lab.reached(told, ['failed']);
  const chargeRef = (await here.lab.row(told))?.id ?? '';
  await eventually(() => expect(here.wasVoided(`sim_ch_${chargeRef}`)).toBe(true));

  const called = await here.lab.aRecharged({ token: 'sim_slow_decline' });
  await here.lab.spend(called, 60);
  await eventually(async () => expect((await here.lab.row(called))?.chargeRef).not.toBeNull());
  await here.simulated.settlePending();
  await here.lab.reached(called, ['failed']);
  await eventually(async () => expect(here.wasVoided((await here.lab.row(called))?.chargeRef ?? '')).toBe(true));
});

test('money that comes with another amount is credited as agreed, and operators are told', async () => {
  const tenant = await here.lab.aRecharged();
  here.fault(tenant, async (_, next) => {
    const outcome = await next();
    return outcome.status === 'succeeded' ? { ...outcome, amountMinor: 99 } : outcome;
  });
  await here.lab.spend(tenant, 60);
  await here.lab.reached(tenant, ['succeeded']);
  expect(await here.lab.bought(tenant)).toEqual([100]);
  expect(here.lab.logsOf(tenant, 'a recharge was paid with another amount')).toHaveLength(1);
});

async function closeWorkspace(tenant: Tenant): Promise<void> {
  await here.world.services.workspaces.delete(await scopeIn(here.world, tenant.owner, tenant.id, 'workspace:delete'));
}

test('money for a workspace that is gone by then is marked, and operators are told', async () => {
  const tenant = await here.lab.aRecharged({ token: 'sim_slow' });
  await here.lab.spend(tenant, 60);
  await eventually(async () => expect((await here.lab.row(tenant))?.chargeRef).not.toBeNull());
  await closeWorkspace(tenant);
  await here.simulated.settlePending();
  await eventually(async () => {
    expect(await here.lab.row(tenant)).toMatchObject({ state: 'failed', reason: 'workspace_gone' });
  });
  expect(here.lab.logsOf(tenant, 'a recharge was paid for a workspace that is gone')).toHaveLength(1);
  expect(await here.lab.bought(tenant)).toEqual([]);
});

test('so it is when the answer of that charge had been lost', async () => {
  here.loseCallbacks();
  const tenant = await here.lab.aRecharged({ token: 'sim_lost_answer' });
  await here.lab.spend(tenant, 60);
  await here.lab.putOff(tenant);
  await closeWorkspace(tenant);
  await here.lab.endLease(tenant);
  // In the process whose log is read.
  await here.world.sweepBilling();
  expect(await here.lab.row(tenant)).toMatchObject({ state: 'failed', reason: 'workspace_gone' });
  expect(here.lab.logsOf(tenant, 'a recharge was paid for a workspace that is gone')).toHaveLength(1);
});

test('late money that no balance can hold does not touch the recharge that is under way by then', async () => {
  here.loseCallbacks();
  const heard: CallbackRequest[] = [];
  const stop = here.simulated.onCallback((request) => void heard.push(request));
  const tenant = await here.lab.aRecharged({ token: 'sim_slow', credits: Number.MAX_SAFE_INTEGER - 1_000 });
  const { holds } = here.world.services;
  await holds.create(tenant.scope, { amount: Number.MAX_SAFE_INTEGER - 1_040, description: 'all but forty' });
  await eventually(async () => expect((await here.lab.row(tenant))?.chargeRef).not.toBeNull());
  const given = await here.lab.row(tenant);
  // Given up, as after a day; the next one is opened by the next spending.
  await here.world.db.read.$executeRaw`
    update credit_recharges set state = 'failed', reason = 'canceled', settled_at = now() - interval '2 hours'
     where id = ${given?.id}::uuid`;
  await here.world.db.read.$executeRaw`
    update billing_accounts set open_recharge_id = null where workspace_id = ${tenant.id}::uuid`;
  await here.lab.spend(tenant, 1);
  await eventually(async () => expect((await here.lab.row(tenant))?.id).not.toBe(given?.id));
  await eventually(async () => expect((await here.lab.row(tenant))?.chargeRef).not.toBeNull());
  const underWay = await here.lab.row(tenant);
  await here.world.services.billing.addCredits(tenant.scope, { amount: 1_000, description: 'up to the brim' });
  await here.simulated.settlePending();
  stop();

  const late = heard.find(({ body }) => body.includes(given?.id ?? ''));
  if (late) await here.world.recharger?.hear(late);
  expect(here.lab.logsOf(tenant, 'a recharge was paid that no balance can hold')).toHaveLength(1);
  const account = await here.world.db.read.billingAccount.findUniqueOrThrow({ where: { workspaceId: tenant.id } });
  expect(account.openRechargeId).toBe(underWay?.id);
});

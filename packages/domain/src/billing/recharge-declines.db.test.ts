import type { ChargeOutcome } from '@morket/domain/payment';
import type { Tenant } from '@morket/testing';
import { expect, test } from 'vitest';
import { useRechargeWorlds } from '../../test/ledger/recharge-worlds.ts';

const here = useRechargeWorlds();

const HOUR_MS = 3_600_000;
const restOf = async ({ scope }: Tenant) =>
  (await here.world.services.recharges.getRule(scope)).restsUntil?.getTime() ?? 0;

test('after a decline the rule rests for an hour', async () => {
  const tenant = await here.lab.aRecharged({ token: 'sim_decline_insufficient_funds' });
  await here.lab.spend(tenant, 60);
  await here.lab.reached(tenant, ['failed']);
  expect(await here.lab.list(tenant)).toMatchObject([
    { reason: 'insufficient_funds', credits: 100, transactionId: null },
  ]);
  expect(await here.lab.eventsOf(tenant, 'billing.recharge_failed')).toMatchObject([
    { reason: 'insufficient_funds', suspended: false },
  ]);
  const rest = (await restOf(tenant)) - Date.now();
  expect(rest).toBeGreaterThan(HOUR_MS - 60_000);
  expect(rest).toBeLessThanOrEqual(HOUR_MS);
  await here.lab.spend(tenant, 1);
  await here.lab.pass(tenant, 59);
  await here.lab.spend(tenant, 1);
  expect(await here.lab.states(tenant)).toEqual(['failed']);
  await here.lab.pass(tenant, 1);
  await here.lab.spend(tenant, 1);
  await here.lab.reached(tenant, ['failed', 'failed']);
});

test('an account that ran dry while its rule rested is recharged when the rest is over', async () => {
  const tenant = await here.lab.aRecharged({ token: 'sim_decline' });
  await here.lab.spend(tenant, 100);
  await here.lab.reached(tenant, ['failed']);
  await here.lab.pass(tenant, 61);
  await expect(here.lab.spend(tenant, 10)).rejects.toMatchObject({ code: 'billing.insufficient_credits' });
  await here.bothSweep();
  await here.lab.reached(tenant, ['failed', 'failed']);
});

test('three failures in a row suspend the rule until another card is set', async () => {
  const { recharges } = here.world.services;
  const tenant = await here.lab.aRecharged({ token: 'sim_decline' });
  const wanted: string[] = [];
  for (let failure = 1; failure <= 3; failure += 1) {
    await here.lab.spend(tenant, failure === 1 ? 60 : 1);
    wanted.push('failed');
    await here.lab.reached(tenant, wanted);
    await here.lab.pass(tenant, 61);
  }
  const failures = await here.lab.eventsOf(tenant, 'billing.recharge_failed');
  expect(failures).toMatchObject([{ suspended: false }, { suspended: false }, { suspended: true }]);
  expect(await recharges.getRule(tenant.scope)).toMatchObject({ enabled: true, suspended: true, restsUntil: null });

  await here.lab.spend(tenant, 1);
  await here.world.services.billing.addCredits(tenant.scope, { amount: 10, description: 'top-up' });
  await here.lab.spend(tenant, 15);
  // The same card again is the same card.
  await recharges.setMethod(tenant.scope, { token: 'sim_decline' });
  await here.lab.spend(tenant, 1);
  await here.bothSweep();
  expect(await here.lab.states(tenant)).toEqual(wanted);

  await recharges.setMethod(tenant.scope, { token: 'sim_success' });
  await here.lab.reached(tenant, [...wanted, 'succeeded']);
  expect(await recharges.getRule(tenant.scope)).toMatchObject({ suspended: false });
});

test('a success between failures begins their count anew', async () => {
  const tenant = await here.lab.aRecharged({ token: 'sim_success' });
  const declined: ChargeOutcome = { status: 'declined', chargeRef: null, reason: 'card_declined' };
  const wanted: string[] = [];
  for (const outcome of ['failed', 'failed', 'succeeded', 'failed', 'failed']) {
    here.fault(tenant, outcome === 'failed' ? async () => declined : null);
    await here.lab.spend(tenant, (await here.lab.balance(tenant)) > 50 ? (await here.lab.balance(tenant)) - 40 : 1);
    wanted.push(outcome);
    await here.lab.reached(tenant, wanted);
    await here.lab.pass(tenant, 61);
  }
  expect(await here.world.services.recharges.getRule(tenant.scope)).toMatchObject({ suspended: false });
});

test('a top-up by hand lifts the rest after a failure', async () => {
  const tenant = await here.lab.aRecharged({ token: 'sim_decline' });
  await here.lab.spend(tenant, 60);
  await here.lab.reached(tenant, ['failed']);
  expect(await restOf(tenant)).toBeGreaterThan(Date.now());
  await here.world.services.billing.addCredits(tenant.scope, { amount: 5, description: 'top-up' });
  expect(await restOf(tenant)).toBe(0);
  await here.lab.spend(tenant, 1);
  await here.lab.reached(tenant, ['failed', 'failed']);
});

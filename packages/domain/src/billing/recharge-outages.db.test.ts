import type { Tenant } from '@morket/testing';
import { expect, test } from 'vitest';
import { useRechargeWorlds } from '../../test/ledger/recharge-worlds.ts';

const here = useRechargeWorlds();

/** A tenant with an open recharge that nobody works on. */
async function anOpenRecharge(): Promise<Tenant> {
  const tenant = await here.lab.aRecharged();
  here.fault(tenant, () => Promise.reject(new Error('the provider is away')));
  await here.lab.spend(tenant, 60);
  await here.lab.putOff(tenant);
  await here.lab.endLease(tenant);
  here.fault(tenant, null);
  return tenant;
}

test('a provider that is out of reach is asked again with the same charge', async () => {
  const tenant = await here.lab.aRecharged({ token: 'sim_unavailable' });
  await here.lab.spend(tenant, 60);
  await here.lab.putOff(tenant);
  expect(here.lab.logsOf(tenant, 'the outcome of a recharge is not known yet')).toHaveLength(1);
  expect(await here.lab.states(tenant)).toEqual(['open']);
  expect(await here.chargesOf(tenant)).toEqual([]);
  // Nobody asks before it is time.
  await here.bothSweep();
  expect(here.askedFor(tenant)).toHaveLength(1);
  await here.lab.endLease(tenant);
  await here.bothSweep();
  await here.lab.reached(tenant, ['succeeded']);
  expect(new Set(here.askedFor(tenant).map(({ chargeId }) => chargeId)).size).toBe(1);
  expect(here.askedFor(tenant)).toHaveLength(2);
  await here.expectOnce(tenant);
});

test('while it stays out of reach, two attempts in ten minutes are all', async () => {
  const tenant = await here.lab.aRecharged({ token: 'sim_down' });
  await here.lab.spend(tenant, 60);
  for (let time = 0; time < 4; time += 1) {
    await here.lab.putOff(tenant);
    await here.lab.endLease(tenant);
    await here.bothSweep();
  }
  expect(here.askedFor(tenant)).toHaveLength(2);
  await here.lab.pass(tenant, 10);
  await here.lab.endLease(tenant);
  await here.bothSweep();
  expect(here.askedFor(tenant)).toHaveLength(3);
  expect(await here.lab.states(tenant)).toEqual(['open']);
  expect(await here.lab.bought(tenant)).toEqual([]);
});

test('a charge whose answer was lost is found again, and credited once', async () => {
  here.loseCallbacks();
  const tenant = await here.lab.aRecharged({ token: 'sim_lost_answer' });
  await here.lab.spend(tenant, 60);
  await here.lab.putOff(tenant);
  expect(await here.chargesOf(tenant)).toHaveLength(1);
  expect(await here.lab.states(tenant)).toEqual(['open']);
  await here.lab.endLease(tenant);
  await here.bothSweep();
  await here.lab.reached(tenant, ['succeeded']);
  await here.expectOnce(tenant);
});

test('a process that dies between charge and booking leaves the charge to another one', async () => {
  here.loseCallbacks();
  const tenant = await anOpenRecharge();
  const { reached, release } = here.hang(tenant, 'after');
  const dying = here.world.recharger?.work(tenant.id);
  await reached;
  expect(await here.chargesOf(tenant)).toHaveLength(1);
  here.fault(tenant, null);
  await here.second.sweepBilling();
  expect(await here.lab.states(tenant), 'the lease keeps others away').toEqual(['open']);
  // Two attempts have been made: from here the provider is asked what became of them.
  await here.lab.endLease(tenant);
  await here.second.sweepBilling();
  expect(await here.lab.states(tenant)).toEqual(['succeeded']);
  // It was only slow: its answer comes after all.
  release();
  await dying;
  expect(here.askedFor(tenant)).toHaveLength(2);
  await here.expectOnce(tenant);
});

test('a provider that never answers holds nobody up, and a late answer changes nothing', async () => {
  here.loseCallbacks();
  const tenant = await here.lab.aRecharged();
  const { reached, release } = here.hang(tenant, 'before');
  await here.lab.spend(tenant, 60);
  await reached;
  await here.lab.spend(tenant, 20);
  here.fault(tenant, null);
  await here.lab.endLease(tenant);
  await here.second.sweepBilling();
  await here.lab.reached(tenant, ['succeeded']);
  expect(await here.lab.balance(tenant)).toBe(120);
  release();
  await here.expectOnce(tenant);
});

test('many who work on it at once ask the provider once', async () => {
  const tenant = await anOpenRecharge();
  const before = here.askedFor(tenant).length;
  await Promise.all([
    ...Array.from({ length: 5 }, () => here.world.recharger?.work(tenant.id)),
    here.bothSweep(),
    here.bothSweep(),
  ]);
  expect(here.askedFor(tenant)).toHaveLength(before + 1);
  await here.expectOnce(tenant);
});

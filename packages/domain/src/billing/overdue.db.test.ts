import { aTenant, type Tenant, useWorld } from '@morket/testing';
import { expect, test } from 'vitest';
import { createRechargeLab } from '../../test/ledger/recharge-lab.ts';

const world = useWorld();

/** A tenant with a hold whose time is up, which nobody has noticed. */
async function anOverdueHold() {
  const tenant = await aTenant(world, { credits: 100 });
  const { id: holdId } = await world.services.holds.create(tenant.scope, { amount: 40, description: 'test' });
  await world.db.read.$executeRaw`
    update credit_holds set expires_at = clock_timestamp() - interval '1 second'
     where workspace_id = ${tenant.id}::uuid and id = ${holdId}::uuid`;
  return { tenant, holdId };
}
const stateOf = async ({ tenant, holdId }: { readonly tenant: Tenant; readonly holdId: string }) =>
  (await world.db.read.creditHold.findFirst({ where: { workspaceId: tenant.id, id: holdId } }))?.state;

test('books that cannot be settled keep neither those of others nor recharges waiting, and are told of', async () => {
  const lab = createRechargeLab(world);
  const recharged = await lab.aRecharged({ token: 'sim_unavailable' });
  await lab.spend(recharged, 60);
  await lab.putOff(recharged);
  await lab.endLease(recharged);
  const broken = await anOverdueHold();
  const others = await Promise.all([anOverdueHold(), anOverdueHold(), anOverdueHold()]);
  // The step with which this hold would expire is taken.
  await world.db.read.$executeRaw`
    insert into credit_hold_steps (workspace_id, hold_id, no, kind, amount, closes, created_at)
    values (${broken.tenant.id}::uuid, ${broken.holdId}::uuid, 2, 'released', 0, false, now())`;

  world.takeLogs();
  await world.sweepBilling();
  const told = world.takeLogs().filter(({ msg }) => msg === 'the books of a workspace cannot be settled');
  expect(await Promise.all(others.map(stateOf))).toEqual(['expired', 'expired', 'expired']);
  expect(await stateOf(broken)).toBe('open');
  expect(told).toMatchObject([{ workspaceId: broken.tenant.id, err: expect.anything() }]);
  await lab.reached(recharged, ['succeeded']);
});

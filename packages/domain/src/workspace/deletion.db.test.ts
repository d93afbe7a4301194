import { aTenant, scopeIn, useWorld } from '@morket/testing';
import { withClient } from '@morket/testing/template-database';
import { expect, test, vi } from 'vitest';

const world = useWorld();

/** How many statements of this database wait for a lock. */
const waiting = () =>
  withClient(world.databaseUrl, async (client) => {
    const { rows } = await client.query(
      `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return Number(rows[0]?.n);
  });

test('a debit that waits behind the deletion of its workspace does not pass', async () => {
  const tenant = await aTenant(world, { credits: 100 });
  const deleting = await scopeIn(world, tenant.owner, tenant.id, 'workspace:delete');
  const outcome = await withClient(world.databaseUrl, async (client) => {
    await client.query('begin');
    await client.query('select 1 from billing_accounts where workspace_id = $1 for update', [tenant.id]);
    const deleted = world.services.workspaces.delete(deleting);
    await vi.waitFor(async () => expect(await waiting()).toBe(1), { timeout: 10_000 });
    const debit = world.services.billing.debit(tenant.scope, { amount: 10, description: 'too late' });
    const settled = Promise.allSettled([deleted, debit]);
    await vi.waitFor(async () => expect(await waiting()).toBe(2), { timeout: 10_000 });
    await client.query('commit');
    return settled;
  });
  expect(outcome).toMatchObject([
    { status: 'fulfilled' },
    { status: 'rejected', reason: { code: 'access.forbidden' } },
  ]);
  const entries = await world.db.read.creditTransaction.count({ where: { workspaceId: tenant.id } });
  expect(entries).toBe(1);
});

test('a deleted workspace takes no secret any more', async () => {
  const tenant = await aTenant(world);
  await world.services.workspaces.delete(tenant.scope);
  const store = world.services.credentials.store(tenant.scope, { providerName: 'hunter', key: 'a key of a provider' });
  await expect(store).rejects.toMatchObject({ code: 'access.forbidden' });
});

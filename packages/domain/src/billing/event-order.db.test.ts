import { aTenant, type Tenant, useWorld } from '@morket/testing';
import { expect, test } from 'vitest';
import { entriesOf } from '../../test/ledger/outcomes.ts';

const world = useWorld();
const about = { description: 'test' };

/** What the outbox tells of a tenant after its first `skipped` events, in the order in which it is told. */
async function told({ id }: Tenant, skipped: number) {
  const rows = await world.db.read.outboxEvent.findMany({ where: { workspaceId: id }, orderBy: { seq: 'asc' } });
  return rows.slice(skipped).map(({ name, payload }) => ({ name, ...(payload as { amount: number }) }));
}
const countOf = ({ id }: Tenant) => world.db.read.outboxEvent.count({ where: { workspaceId: id } });

test('a capture and a debit of one tick are told in the order of their entries', async () => {
  const { billing, holds } = world.services;
  const tenant = await aTenant(world, { credits: 100 });
  const { id: holdId } = await holds.create(tenant.scope, { amount: 30, ...about });
  const before = await countOf(tenant);
  await Promise.all([
    billing.debit(tenant.scope, { amount: 1, ...about }),
    holds.capture(tenant.scope, { holdId, amount: 10 }),
    billing.debit(tenant.scope, { amount: 7, ...about }),
  ]);
  const entries = (await entriesOf(world, tenant)).slice(1);
  const balances = entries.map(({ balanceAfter }) => Number(balanceAfter));
  expect(
    entries.map(({ createdAt }) => createdAt.getTime()),
    'one batch',
  ).toEqual(entries.map(() => entries[0]?.createdAt.getTime()));
  expect(balances).toEqual([99, 89, 82]);
  expect(await told(tenant, before)).toMatchObject([
    { name: 'billing.debited', amount: -1, balanceAfter: 99 },
    { name: 'billing.hold_captured', amount: 10, balanceAfter: 89 },
    { name: 'billing.debited', amount: -7, balanceAfter: 82 },
  ]);
});

test('so are holds that are opened and released between debits', async () => {
  const { billing, holds } = world.services;
  const tenant = await aTenant(world, { credits: 100 });
  const { id: holdId } = await holds.create(tenant.scope, { amount: 30, ...about });
  const before = await countOf(tenant);
  await Promise.all([
    holds.create(tenant.scope, { amount: 5, ...about }),
    billing.debit(tenant.scope, { amount: 1, ...about }),
    holds.release(tenant.scope, { holdId }),
    billing.debit(tenant.scope, { amount: 2, ...about }),
    holds.create(tenant.scope, { amount: 6, ...about }),
    billing.addCredits(tenant.scope, { amount: 3, ...about }),
  ]);
  expect(await told(tenant, before)).toMatchObject([
    { name: 'billing.hold_opened', amount: 5 },
    { name: 'billing.debited', amount: -1 },
    { name: 'billing.hold_released', amount: 30 },
    { name: 'billing.debited', amount: -2 },
    { name: 'billing.hold_opened', amount: 6 },
    { name: 'billing.credited', amount: 3 },
  ]);
});

import { PLANS } from '@morket/contract/plan';
import { aMember, anOrigin, aTenant, scopeIn, useWorld } from '@morket/testing';
import { expect, test } from 'vitest';

const world = useWorld();
const changesOf = (workspaceId: string) =>
  world.db.read.auditEntry.findMany({ where: { workspaceId, action: 'plan.changed' } });

test('a new workspace has the smallest plan, and every member is told what it includes and how much is used', async () => {
  const tenant = await aTenant(world);
  const viewer = await aMember(world, tenant, 'viewer');
  const scope = await scopeIn(world, viewer, tenant.id, 'plan:read');
  expect(await world.services.plans.get(scope)).toEqual({
    planType: 'free',
    features: ['apiKeys', 'webhooks', 'forms'],
    usage: [
      { limit: 'members', used: 2, allowed: PLANS.free.limits.members },
      { limit: 'apiKeys', used: 0, allowed: PLANS.free.limits.apiKeys },
      { limit: 'webhookEndpoints', used: 0, allowed: PLANS.free.limits.webhookEndpoints },
      { limit: 'forms', used: 0, allowed: PLANS.free.limits.forms },
    ],
    auditRetentionDays: 30,
  });
  expect(scope.planType).toBe('free');
});

test('another plan holds from the next call on, and is told once', async () => {
  const tenant = await aTenant(world);
  const changed = await world.services.plans.set(tenant.scope, { planType: 'enterprise' });
  expect(changed).toMatchObject({ planType: 'enterprise', auditRetentionDays: 2_555 });
  expect(changed.usage[0]).toEqual({ limit: 'members', used: 1, allowed: null });
  expect(await world.services.plans.get(tenant.scope)).toEqual(changed);
  expect((await scopeIn(world, tenant.owner, tenant.id)).planType).toBe('enterprise');
  expect((await world.services.billing.get(tenant.scope)).planType).toBe('enterprise');
  const again = { ...tenant.scope, origin: anOrigin() };
  expect(await world.services.plans.set(again, { planType: 'enterprise' })).toEqual(changed);
  const entries = await changesOf(tenant.id);
  expect(entries.map(({ changes }) => changes)).toEqual([
    { before: { planType: 'free' }, after: { planType: 'enterprise' } },
  ]);
});

test('who has been demoted while the call was under way changes no plan', async () => {
  const tenant = await aTenant(world);
  const second = await aMember(world, tenant, 'owner');
  const scope = await scopeIn(world, second, tenant.id, 'plan:manage');
  await world.services.members.updateRole(tenant.scope, { userId: second.user.id, role: 'admin' });
  const refused = world.services.plans.set(scope, { planType: 'pro' });
  await expect(refused).rejects.toMatchObject({ code: 'access.forbidden' });
  expect((await world.services.plans.get(tenant.scope)).planType).toBe('free');
});

test('changes of plan and of the balance do not lose one another', async () => {
  const tenant = await aTenant(world, { credits: 100 });
  const { billing, plans } = world.services;
  await Promise.all([
    ...Array.from({ length: 10 }, () => billing.debit(tenant.scope, { amount: 5, description: 'x' })),
    ...(['pro', 'enterprise', 'pro', 'enterprise', 'pro'] as const).map((planType) =>
      plans.set({ ...tenant.scope, origin: anOrigin() }, { planType }),
    ),
  ]);
  const { creditBalance, planType } = await billing.get(tenant.scope);
  const last = await world.db.read.outboxEvent.findFirst({
    where: { workspaceId: tenant.id, name: 'plan.changed' },
    orderBy: { seq: 'desc' },
  });
  expect(creditBalance).toBe(50);
  expect(last?.payload).toMatchObject({ planType });
});

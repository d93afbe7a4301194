import { aTenant, useWorld } from '@morket/testing';
import { expect, test } from 'vitest';
import { planCharge } from './recharge.model.ts';
const world = useWorld();
const show = (p: Promise<unknown>) => p.then((v) => `ok ${JSON.stringify(v)}`.slice(0, 200), (e) => `ERR ${String(e?.code)} ${e?.constructor?.name} ${String(e?.message).replace(/\s+/g, ' ').slice(0, 260)}`);
test('b', async () => {
  const tenant = await aTenant(world, { credits: 100 });
  const { billing, holds } = world.services;
  const { AddCreditsInput, BalanceAtInput } = await import('@morket/contract/billing');
  const far = { amount: 1, description: 'x', expiresAt: '9999-12-31T23:59:59-01:00' };
  console.log('B1 zod', AddCreditsInput.safeParse(far).success, await show(billing.addCredits(tenant.scope, far)));
  for (const at of ['9999-12-31T23:59:59-01:00', '0000-01-01T00:00:00Z', '0000-01-01T00:00:00+10:00', '0001-01-01T00:00:00+10:00'])
    console.log('B2', at, BalanceAtInput.safeParse({ at }).success, await show(billing.balanceAt(tenant.scope, { at })));
  // outbox order
  const hold = await holds.create(tenant.scope, { amount: 30, description: 'h' });
  await Promise.all([holds.capture(tenant.scope, { holdId: hold.id, amount: 10 }), billing.debit(tenant.scope, { amount: 7, description: 'd' }), ]);
  const rows = await world.db.read.outboxEvent.findMany({ where: { workspaceId: tenant.id, aggregateType: 'billing_account' }, orderBy: { seq: 'asc' } });
  console.log('B3', JSON.stringify(rows.map((r) => [r.name, (r.payload as { balanceAfter?: number }).balanceAfter])), (await billing.get(tenant.scope)).creditBalance);
  const d = new Date(); const account = { planType: 'free', balance: 0n, held: 0n, debt: 5000n, seq: 1n, headHash: null, creditLimit: null, cycleStart: d, cycleEnd: d, cycleSpent: 0n, autoRecharge: true, autoRechargeThreshold: 100n, autoRechargeAmount: 50n, openRechargeId: null, rechargeRestsUntil: null } as const;
  console.log('B4', planCharge({ id: 'x', account, rule: { maxAmount: null, monthlyLimit: null, maxPurchases: null, maxPurchasesPer: null, failures: 0, failedFingerprint: null }, fingerprint: 'f', history: [], creditedAt: null, now: d }));
  console.log('B5', await show(world.db.read.creditRecharge.findFirst({ where: { id: 'order-123' } })));
  // audit of limits
  expect(1).toBe(1);
}, 60_000);

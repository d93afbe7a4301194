import { aTenant, createWorld, type Tenant, type World } from '@morket/testing';
import { type ClockedDatabase, createClockedDatabase } from '@morket/testing/database-clock';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { entriesOf, intactBooks, outcomesOf } from '../../test/ledger/outcomes.ts';

let database: ClockedDatabase;
let world: World;
let second: World;
let tenant: Tenant;
beforeAll(async () => {
  database = await createClockedDatabase();
  world = await createWorld({ databaseUrl: database.url });
  second = await createWorld({ databaseUrl: database.url });
});
afterAll(async () => {
  await second.close();
  await world.close();
  await database.drop();
});
beforeEach(async () => {
  await database.set(new Date());
  tenant = await aTenant(world);
});

const about = { description: 'test' };
const add = async (amount: number, expiresAt?: string) => {
  const expiry = expiresAt === undefined ? {} : { expiresAt };
  return (await world.services.billing.addCredits(tenant.scope, { amount, ...about, ...expiry })).transaction;
};
const debit = async (amount: number, referenceId?: string) => {
  const reference = referenceId === undefined ? {} : { referenceId };
  return (await world.services.billing.debit(tenant.scope, { amount, ...about, ...reference })).transaction;
};
const reverse = (transactionId: string, idempotencyKey?: string, by: World = world) =>
  by.services.billing.reverse(tenant.scope, {
    ...{ transactionId, reason: 'by mistake' },
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
const get = () => world.services.billing.get(tenant.scope);
const inAnHour = () => new Date(Date.now() + 3_000_000).toISOString();

test('a debit that is reversed gives its credits back to the grants they came from', async () => {
  await add(20, inAnHour());
  await add(30);
  const { id } = await debit(35, 'run-1');
  await add(5, inAnHour());
  const { transaction, balance } = await reverse(id);
  expect(balance).toBe(55);
  expect(transaction).toMatchObject({
    ...{ type: 'reversal', amount: 35, reversesId: id, description: 'by mistake', referenceId: 'run-1' },
  });
  const { items } = await world.services.billing.grants(tenant.scope, { page: 1, limit: 5 });
  expect(items.map(({ amount, remaining }) => [amount, remaining])).toEqual([
    [20, 20],
    [5, 5],
    [30, 30],
  ]);
  expect(await get()).toMatchObject({ cycleSpentCredits: 0 });
  await intactBooks(world, tenant);
});

test('credits given back to a grant whose time is up leave at once', async () => {
  await add(20, inAnHour());
  const { id } = await debit(15);
  await database.pass({ hours: 1 });
  const { transaction, balance } = await reverse(id);
  expect([transaction.amount, transaction.balanceAfter, balance]).toEqual([15, 15, 0]);
  expect((await entriesOf(world, tenant)).map(({ type, amount }) => [type, Number(amount)])).toEqual([
    ['credit', 20],
    ['debit', -15],
    ['expiry', -5],
    ['reversal', 15],
    ['expiry', -15],
  ]);
  await intactBooks(world, tenant);
});

test('a captured part of a hold is reversed like a debit; the hold stays what it is', async () => {
  await add(100);
  const { holds } = world.services;
  const hold = await holds.create(tenant.scope, { amount: 60, ...about });
  const { transaction } = await holds.capture(tenant.scope, { holdId: hold.id, amount: 20 });
  expect(await reverse(transaction.id)).toMatchObject({ transaction: { amount: 20, holdId: null }, balance: 100 });
  expect(await holds.get(tenant.scope, { holdId: hold.id })).toMatchObject({ captured: 20, remaining: 40 });
  expect(await get()).toMatchObject({ creditBalance: 100, heldCredits: 40, cycleSpentCredits: 0 });
  await intactBooks(world, tenant);
});

test('a credit that is reversed goes, its own rest before other credits', async () => {
  const { id } = await add(100);
  await add(40, inAnHour());
  await debit(50);
  expect(await reverse(id)).toMatchObject({ transaction: { amount: -90 }, balance: 0 });
  expect(await get()).toMatchObject({ creditBalance: 0, debtCredits: 10 });
  const { id: other } = await add(30);
  await add(5);
  expect(await reverse(other)).toMatchObject({ transaction: { amount: -25 }, balance: 0 });
  expect(await get()).toMatchObject({ debtCredits: 5 });
  await intactBooks(world, tenant);
});

test('a chargeback of credits that are spent is a debt, and the next credits pay it', async () => {
  const { id } = await add(100);
  await debit(80);
  expect(await reverse(id)).toMatchObject({ transaction: { amount: -20 }, balance: 0 });
  expect(await get()).toMatchObject({ creditBalance: 0, availableCredits: 0, debtCredits: 80 });
  await expect(debit(1)).rejects.toMatchObject({ details: { required: 1, available: 0 } });

  const partly = await world.services.billing.addCredits(tenant.scope, { amount: 30, ...about });
  expect([partly.transaction.balanceAfter, partly.balance]).toEqual([30, 0]);
  expect(await get()).toMatchObject({ creditBalance: 0, debtCredits: 50 });
  await add(70);
  expect(await get()).toMatchObject({ creditBalance: 20, availableCredits: 20, debtCredits: 0 });
  const repayments = (await entriesOf(world, tenant)).filter(({ type }) => type === 'debt_repayment');
  expect(repayments.map(({ amount, createdBy }) => [Number(amount), createdBy])).toEqual([
    [-30, null],
    [-50, null],
  ]);
  await intactBooks(world, tenant);
});

test('a chargeback leaves what is held alone, and what a hold frees pays the debt', async () => {
  const { id } = await add(100);
  const { holds } = world.services;
  const hold = await holds.create(tenant.scope, { amount: 70, ...about });
  expect(await reverse(id)).toMatchObject({ transaction: { amount: -30 }, balance: 70 });
  expect(await get()).toMatchObject({ creditBalance: 70, heldCredits: 70, debtCredits: 70 });
  await holds.capture(tenant.scope, { holdId: hold.id, amount: 50, final: true });
  expect(await get()).toMatchObject({ creditBalance: 0, heldCredits: 0, debtCredits: 50 });
  await intactBooks(world, tenant);
});

test('what has expired of a credit is not taken back again', async () => {
  const { id: spent } = await add(100, inAnHour());
  const { id: partly } = await add(60, inAnHour());
  await debit(110);
  await add(500);
  await database.pass({ hours: 1 });
  await world.sweepBilling();
  // 110 were spent: the first hundred and 10 of the second grant, of which the sweeper took the rest.
  expect(await reverse(spent)).toMatchObject({ transaction: { amount: -100 } });
  expect(await reverse(partly)).toMatchObject({ transaction: { amount: -10 } });
  expect(await get()).toMatchObject({ creditBalance: 390, debtCredits: 0 });
  await intactBooks(world, tenant);
});

test('nor is what expires by the very movement that reverses it', async () => {
  const { id } = await add(80, inAnHour());
  await add(30);
  await database.pass({ hours: 1 });
  expect(await reverse(id)).toMatchObject({ transaction: { amount: 0 }, balance: 30 });
  expect(await get()).toMatchObject({ creditBalance: 30, debtCredits: 0 });
  await intactBooks(world, tenant);
});

test('an automatic recharge is reversed like a credit', async () => {
  const { recharges } = world.services;
  await recharges.setMethod(tenant.scope, { token: 'sim_success' });
  await recharges.setRule(tenant.scope, { enabled: true, threshold: 10, amount: 50 });
  const entries = await vi.waitFor(async () => {
    const found = await entriesOf(world, tenant);
    expect(found).toHaveLength(1);
    return found;
  });
  expect(entries[0]).toMatchObject({ type: 'auto_recharge', amount: 50n });
  expect(await reverse(entries[0]?.id ?? '')).toMatchObject({ transaction: { amount: -50 }, balance: 0 });
  await intactBooks(world, tenant);
});

test('what is no credit and no debit is not reversed', async () => {
  const { id } = await add(100);
  const { id: spent } = await debit(80);
  const wrongType = { code: 'billing.not_reversible', details: { reason: 'wrong_type' } };
  const { transaction: chargeback } = await reverse(id);
  await expect(reverse(chargeback.id)).rejects.toMatchObject(wrongType);
  const { transaction: back } = await reverse(spent);
  await expect(reverse(back.id)).rejects.toMatchObject(wrongType);
  await add(5, inAnHour());
  await database.pass({ hours: 1 });
  await world.sweepBilling();
  const others = (await entriesOf(world, tenant)).filter(({ type }) => ['expiry', 'debt_repayment'].includes(type));
  expect(others.map(({ type }) => type)).toEqual(['debt_repayment', 'expiry']);
  for (const other of others) await expect(reverse(other.id)).rejects.toMatchObject(wrongType);
  await expect(reverse(id)).rejects.toMatchObject({ details: { reason: 'already_reversed' } });
  await intactBooks(world, tenant);
});

test('another tenant’s entry, and none, do not exist', async () => {
  const other = await aTenant(world, { credits: 100 });
  const [theirs] = await entriesOf(world, other);
  const missing = { code: 'billing.transaction_not_found' };
  await expect(reverse(theirs?.id ?? '')).rejects.toMatchObject(missing);
  await expect(reverse(tenant.id)).rejects.toMatchObject(missing);
  expect(await intactBooks(world, other)).toMatchObject({ entries: 1, balance: 100 });
});

test('under a key a reversal answers the same for ever', async () => {
  await add(50);
  const { id } = await debit(20);
  const first = await reverse(id, 'undo it once');
  expect(await reverse(id, 'undo it once')).toEqual(first);
  await expect(reverse(tenant.id, 'undo it once')).rejects.toMatchObject({ code: 'idempotency.mismatch' });
  const late = 'undo it again';
  for (let time = 0; time < 2; time += 1) {
    await expect(reverse(id, late)).rejects.toMatchObject({ details: { reason: 'already_reversed' } });
  }
  expect(await get()).toMatchObject({ creditBalance: 50 });
});

test('everything reversed twice at once by two processes is reversed once, and comes to nothing', async () => {
  const ids: string[] = [];
  for (let round = 0; round < 10; round += 1) {
    ids.push((await add(100 + round)).id, (await debit(40 + round)).id, (await debit(3)).id);
  }
  const outcomes = await outcomesOf(ids.flatMap((id) => [reverse(id), reverse(id, undefined, second)]));
  expect(outcomes).toEqual({ done: 30, 'billing.not_reversible': 30 });
  const entries = await entriesOf(world, tenant);
  const reversed = entries.flatMap(({ reversesId }) => (reversesId === null ? [] : [reversesId]));
  expect(reversed.toSorted()).toEqual(ids.toSorted());
  expect(await get()).toMatchObject({ creditBalance: 0, debtCredits: 0, cycleSpentCredits: 0 });
  expect(entries.reduce((sum, { amount }) => sum + amount, 0n)).toBe(0n);
  await intactBooks(world, tenant);
});

test('the limit of the cycle gets back what this cycle spent, and nothing of an earlier one’s', async () => {
  await add(500);
  const { id: early } = await debit(100);
  await database.pass({ hours: 32 * 24 });
  const { id: late } = await debit(30);
  const spent = async () => {
    const row = await world.db.read.billingAccount.findUniqueOrThrow({ where: { workspaceId: tenant.id } });
    return Number(row.cycleSpent);
  };
  await reverse(early);
  expect(await spent()).toBe(30);
  await reverse(late);
  expect(await spent()).toBe(0);
});

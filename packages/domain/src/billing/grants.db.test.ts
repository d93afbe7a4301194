import { type AddCreditsInput, ExpiryInThePast } from '@morket/contract/billing';
import { aTenant, createWorld, type Tenant, type World } from '@morket/testing';
import { type ClockedDatabase, createClockedDatabase } from '@morket/testing/database-clock';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { entriesOf, intactBooks } from '../../test/ledger/outcomes.ts';

const HOUR_MS = 3_600_000;

let database: ClockedDatabase;
let world: World;
let tenant: Tenant;
/** The hours that have passed in this test. */
let passed: number;
beforeAll(async () => {
  database = await createClockedDatabase();
  world = await createWorld({ databaseUrl: database.url });
});
afterAll(async () => {
  vi.useRealTimers();
  await world.close();
  await database.drop();
});
beforeEach(async () => {
  vi.useRealTimers();
  await database.set(new Date());
  passed = 0;
  tenant = await aTenant(world);
});

/** The time a grant that lives for so long ends; a few minutes early, so that the test is sure to be behind it then. */
const inHours = (hours: number): string => new Date(Date.now() + (hours - 0.1) * HOUR_MS).toISOString();
async function pass(hours: number): Promise<void> {
  passed += hours;
  await database.pass({ hours });
}
/** Readers go by the clock of their process. */
async function shown() {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + passed * HOUR_MS });
  try {
    return await world.services.billing.get(tenant.scope);
  } finally {
    vi.useRealTimers();
  }
}
const add = (amount: number, more: Partial<AddCreditsInput> = {}) =>
  world.services.billing.addCredits(tenant.scope, { amount, description: 'grant', ...more });
const debit = (amount: number) => world.services.billing.debit(tenant.scope, { amount, description: 'run' });
const left = async () => {
  const { items } = await world.services.billing.grants(tenant.scope, { page: 1, limit: 20 });
  return items.map(({ amount, remaining }) => [amount, remaining]);
};
const typesAndAmounts = async () => (await entriesOf(world, tenant)).map(({ type, amount }) => [type, Number(amount)]);

test('credits are spent by priority, then by expiry, then by age', async () => {
  await add(10, { priority: 90 });
  await add(11);
  await add(12, { expiresAt: inHours(48) });
  await add(13, { expiresAt: inHours(24) });
  await add(14);
  await add(15, { priority: 10 });
  expect(await left()).toEqual([15, 13, 12, 11, 14, 10].map((amount) => [amount, amount]));
  await debit(15 + 13 + 5);
  expect(await left()).toEqual([
    [12, 7],
    [11, 11],
    [14, 14],
    [10, 10],
  ]);
  await debit(7 + 11 + 1);
  expect(await left()).toEqual([
    [14, 13],
    [10, 10],
  ]);
  await add(1, { priority: 0 });
  await debit(1 + 13 + 10);
  expect(await left()).toEqual([]);
  await intactBooks(world, tenant);
});

test('what has expired leaves with the next movement, by an entry of its own', async () => {
  await add(100, { expiresAt: inHours(1) });
  await add(50);
  await debit(30);
  await pass(2);
  expect(await shown()).toMatchObject({ creditBalance: 50, availableCredits: 50 });
  expect(await debit(20)).toMatchObject({ transaction: { balanceAfter: 30 }, balance: 30 });
  expect(await typesAndAmounts()).toEqual([
    ['credit', 100],
    ['credit', 50],
    ['debit', -30],
    ['expiry', -70],
    ['debit', -20],
  ]);
  const [, , , expiry] = await entriesOf(world, tenant);
  expect(expiry).toMatchObject({ createdBy: null, description: 'Credits expired' });
  await expect(debit(31)).rejects.toMatchObject({ details: { required: 31, available: 30 } });
  await intactBooks(world, tenant);
});

test('it leaves even with a movement that is refused', async () => {
  await add(100, { expiresAt: inHours(1) });
  await pass(2);
  await expect(debit(1)).rejects.toMatchObject({ details: { required: 1, available: 0 } });
  expect(await typesAndAmounts()).toEqual([
    ['credit', 100],
    ['expiry', -100],
  ]);
});

test('the sweeper books what nobody moves, once, each grant by itself', async () => {
  await add(100, { expiresAt: inHours(1) });
  await add(40, { expiresAt: inHours(2) });
  await add(7);
  await pass(3);
  await Promise.all([world.sweepBilling(), world.sweepBilling(), world.sweepBilling()]);
  await world.sweepBilling();
  expect((await typesAndAmounts()).slice(3)).toEqual([
    ['expiry', -100],
    ['expiry', -40],
  ]);
  const events = { workspaceId: tenant.id, name: 'billing.expired' };
  expect(await world.db.read.outboxEvent.count({ where: events })).toBe(2);
  expect(await intactBooks(world, tenant)).toMatchObject({ balance: 7, openGrants: 1 });
});

test('credits that expire are granted in the future, whatever the offset they are written in', async () => {
  await expect(add(5, { expiresAt: inHours(-1) })).rejects.toSatisfy(ExpiryInThePast.is);
  const key = { idempotencyKey: 'too late for it', expiresAt: inHours(-1) };
  await expect(add(5, key)).rejects.toSatisfy(ExpiryInThePast.is);
  await expect(add(5, key)).rejects.toSatisfy(ExpiryInThePast.is);
  const instant = inHours(2);
  const elsewhere = `${new Date(Date.parse(instant) + 2 * HOUR_MS).toISOString().slice(0, -1)}+02:00`;
  await add(5, { expiresAt: elsewhere });
  const { items } = await world.services.billing.grants(tenant.scope, { page: 1, limit: 5 });
  expect(items.map(({ expiresAt }) => expiresAt?.toISOString())).toEqual([instant]);
});

test('an expired grant backs an open hold before it leaves', async () => {
  const { holds } = world.services;
  await add(100, { expiresAt: inHours(1) });
  await add(50);
  const hold = await holds.create(tenant.scope, { amount: 120, description: 'run', expiresInSeconds: 86_400 });
  await pass(2);
  expect(await shown()).toMatchObject({ creditBalance: 150, heldCredits: 120, availableCredits: 30 });
  await world.sweepBilling();
  expect(await typesAndAmounts(), 'all of it is spoken for').toHaveLength(2);
  // Live credits are not what a capture draws on while expired ones back the hold.
  expect(await holds.capture(tenant.scope, { holdId: hold.id, amount: 60 })).toMatchObject({ balance: 90 });
  expect(await left()).toEqual([
    [100, 40],
    [50, 50],
  ]);
  // 60 are held still, and 40 of them are the expired ones.
  await expect(debit(31)).rejects.toMatchObject({ details: { available: 30 } });
  await debit(30);
  const last = await holds.capture(tenant.scope, { holdId: hold.id, amount: 10, final: true });
  expect(last, 'the balance after everything the capture brought about').toMatchObject({ balance: 20 });
  expect((await typesAndAmounts()).slice(2)).toEqual([
    ['debit', -60],
    ['debit', -30],
    ['debit', -10],
    ['expiry', -30],
  ]);
  await intactBooks(world, tenant);
});

test('a released hold lets go of the expired credits behind it', async () => {
  const { holds } = world.services;
  await add(100, { expiresAt: inHours(1) });
  const hold = await holds.create(tenant.scope, { amount: 80, description: 'run', expiresInSeconds: 86_400 });
  await pass(2);
  await world.sweepBilling();
  expect(await typesAndAmounts(), 'what no hold needs leaves').toEqual([
    ['credit', 100],
    ['expiry', -20],
  ]);
  await holds.release(tenant.scope, { holdId: hold.id });
  expect((await typesAndAmounts()).at(-1)).toEqual(['expiry', -80]);
  expect(await intactBooks(world, tenant)).toMatchObject({ balance: 0, held: 0 });
});

test('the balance at an instant is what the books showed then', async () => {
  const at = async (instant: Date) => {
    const { balance, transactionId } = await world.services.billing.balanceAt(tenant.scope, {
      at: instant.toISOString(),
    });
    return [balance, transactionId];
  };
  const first = (await add(100, { expiresAt: inHours(5) })).transaction;
  await pass(1);
  const second = (await debit(30)).transaction;
  await pass(1);
  const third = (await add(5)).transaction;
  await pass(4);
  await world.sweepBilling();
  const expiry = (await entriesOf(world, tenant)).at(-1);
  if (!expiry) throw new Error('The expiry was booked.');
  const shifted = (date: Date, ms: number) => new Date(date.getTime() + ms);

  expect(await at(shifted(first.createdAt, -1))).toEqual([0, null]);
  expect(await at(first.createdAt)).toEqual([100, first.id]);
  expect(await at(shifted(second.createdAt, -1))).toEqual([100, first.id]);
  expect(await at(second.createdAt)).toEqual([70, second.id]);
  expect(await at(shifted(third.createdAt, -1))).toEqual([70, second.id]);
  expect(await at(third.createdAt)).toEqual([75, third.id]);
  // Credits that had expired count until their expiry was booked.
  expect(await at(shifted(expiry.createdAt, -1))).toEqual([75, third.id]);
  expect(await at(expiry.createdAt)).toEqual([5, expiry.id]);
  expect(await at(shifted(expiry.createdAt, 365 * 24 * HOUR_MS))).toEqual([5, expiry.id]);
});

test('of entries of the same instant the last one counts', async () => {
  await add(100, { expiresAt: inHours(1) });
  await pass(2);
  await Promise.all([add(10), debit(3), debit(4)]);
  const entries = await entriesOf(world, tenant);
  const last = entries.at(-1);
  expect(entries.filter(({ createdAt }) => createdAt.getTime() === last?.createdAt.getTime())).toHaveLength(4);
  const instant = last?.createdAt.toISOString() ?? '';
  expect(await world.services.billing.balanceAt(tenant.scope, { at: instant })).toMatchObject({
    ...{ balance: 3, transactionId: last?.id },
  });
});

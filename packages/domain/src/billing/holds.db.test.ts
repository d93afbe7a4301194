import { aTenant, createWorld, type Tenant, useWorld, type World } from '@morket/testing';
import { withClient } from '@morket/testing/template-database';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { entriesOf, intactBooks, outcomeOf, outcomesOf } from '../../test/ledger/outcomes.ts';

const world = useWorld();
/** Another process on the same database. */
let second: World;
let tenant: Tenant;
beforeAll(async () => {
  second = await createWorld({ databaseUrl: world.databaseUrl });
});
afterAll(() => second.close());
beforeEach(async () => {
  tenant = await aTenant(world, { credits: 500 });
});

const about = { description: 'enrichment' };
const open = (amount: number, more: { expiresInSeconds?: number; idempotencyKey?: string } = {}, by: World = world) =>
  by.services.holds.create(tenant.scope, { amount, ...about, ...more });
const capture = (
  holdId: string,
  amount: number,
  more: { final?: boolean; idempotencyKey?: string } = {},
  by: World = world,
) => by.services.holds.capture(tenant.scope, { holdId, amount, ...more });
const release = (holdId: string, more: { idempotencyKey?: string } = {}, by: World = world) =>
  by.services.holds.release(tenant.scope, { holdId, ...more });
const debit = (amount: number) => world.services.billing.debit(tenant.scope, { amount, ...about });
const get = () => world.services.billing.get(tenant.scope);
/** As if its time had been up for a second; nobody has swept. */
const letExpire = (holdId: string) =>
  world.db.read.$executeRaw`
    update credit_holds set expires_at = clock_timestamp() - interval '1 second'
     where workspace_id = ${tenant.id}::uuid and id = ${holdId}::uuid`;
const stepsOf = async (holdId: string) => {
  const rows = await world.db.read.creditHoldStep.findMany({ where: { holdId }, orderBy: { no: 'asc' } });
  return rows.map(({ kind, amount, closes }) => [kind, Number(amount), closes]);
};

test('of twenty holds at once on 500 credits, six of 75 are granted', async () => {
  const outcomes = await outcomesOf(Array.from({ length: 20 }, () => open(75)));
  expect(outcomes).toEqual({ done: 6, 'billing.insufficient_credits': 14 });
  expect(await get()).toMatchObject({ creditBalance: 500, heldCredits: 450, availableCredits: 50 });
  expect(await intactBooks(world, tenant)).toMatchObject({ openHolds: 6, held: 450 });
});

test('two processes grant no more than one', async () => {
  const outcomes = await outcomesOf(
    Array.from({ length: 20 }, (_, index) => open(75, {}, index % 2 === 0 ? world : second)),
  );
  expect(outcomes).toEqual({ done: 6, 'billing.insufficient_credits': 14 });
  expect(await intactBooks(world, tenant)).toMatchObject({ openHolds: 6, held: 450 });
});

test('after 500 pairs of hold and capture at once nothing stays held, and each credit is accounted for', async () => {
  const pair = fc
    .integer({ min: 1, max: 60 })
    .chain((amount) => fc.tuple(fc.constant(amount), fc.integer({ min: 1, max: amount })));
  const pairs = fc.sample(pair, 500);
  await world.services.billing.addCredits(tenant.scope, { amount: 3_000, ...about });
  const captured = await Promise.all(
    pairs.map(async ([amount, taken], index) => {
      const by = index % 2 === 0 ? world : second;
      const hold = await open(amount, {}, by).catch(() => null);
      if (!hold) return 0;
      await capture(hold.id, taken, { final: true }, by);
      return taken;
    }),
  );
  const spent = captured.reduce((sum, one) => sum + one, 0);
  // 3,500 credits hold at least these, whoever comes first.
  expect(captured.filter((taken) => taken > 0).length).toBeGreaterThan(57);
  expect(await get()).toMatchObject({ creditBalance: 3_500 - spent, heldCredits: 0, cycleSpentCredits: spent });
  expect(await intactBooks(world, tenant)).toMatchObject({ openHolds: 0, held: 0, balance: 3_500 - spent });
}, 60_000);

test('of a capture and a release at once, one wins and the other is told so', async () => {
  for (let round = 0; round < 10; round += 1) {
    const hold = await open(20);
    const outcomes = await Promise.all([outcomeOf(capture(hold.id, 20)), outcomeOf(release(hold.id, {}, second))]);
    expect(outcomes.toSorted()).toEqual(['billing.hold_resolved', 'done']);
    const { state } = await world.services.holds.get(tenant.scope, { holdId: hold.id });
    expect(state).toBe(outcomes[0] === 'done' ? 'captured' : 'released');
  }
  await intactBooks(world, tenant);
});

test('of a capture and the end of a hold’s time, one wins', async () => {
  for (let round = 0; round < 10; round += 1) {
    const hold = await open(20);
    const end = letExpire(hold.id).then(() => second.sweepBilling());
    const [outcome] = await Promise.all([outcomeOf(capture(hold.id, 20)), end]);
    const { state } = await world.services.holds.get(tenant.scope, { holdId: hold.id });
    expect([outcome, state]).toEqual(outcome === 'done' ? ['done', 'captured'] : ['billing.hold_resolved', 'expired']);
  }
  await intactBooks(world, tenant);
});

test('captures of parts at once never exceed the hold', async () => {
  const hold = await open(100);
  const outcomes = await outcomesOf(
    Array.from({ length: 10 }, (_, index) => capture(hold.id, 30, {}, index % 2 === 0 ? world : second)),
  );
  expect(outcomes).toEqual({ done: 3, 'billing.capture_exceeds_hold': 7 });
  await expect(capture(hold.id, 11)).rejects.toMatchObject({ details: { required: 11, remaining: 10 } });
  expect(await capture(hold.id, 10)).toMatchObject({ hold: { state: 'captured', captured: 100, remaining: 0 } });
  expect(await get()).toMatchObject({ creditBalance: 400, heldCredits: 0 });
  await intactBooks(world, tenant);
});

test('a final capture frees the rest, and the journal tells', async () => {
  const hold = await open(100);
  expect(await capture(hold.id, 30)).toMatchObject({
    hold: { state: 'open', captured: 30, remaining: 70 },
    balance: 470,
  });
  const last = await capture(hold.id, 20, { final: true });
  expect(last).toMatchObject({
    hold: { state: 'captured', captured: 50, remaining: 0 },
    transaction: { type: 'debit', amount: -20, holdId: hold.id, description: 'enrichment' },
    balance: 450,
  });
  expect(await get()).toMatchObject({ creditBalance: 450, heldCredits: 0, availableCredits: 450 });
  expect(await stepsOf(hold.id)).toEqual([
    ['opened', 100, false],
    ['captured', 30, false],
    ['captured', 20, false],
    ['released', 50, true],
  ]);
  await expect(capture(hold.id, 1)).rejects.toMatchObject({ details: { state: 'captured' } });
  await expect(release(hold.id)).rejects.toMatchObject({ details: { state: 'captured' } });
});

test('a capture judges by the clock, not by the sweeper', async () => {
  const hold = await open(100);
  await capture(hold.id, 30);
  await letExpire(hold.id);
  const refusal = { code: 'billing.hold_resolved', details: { state: 'expired' } };
  await expect(capture(hold.id, 1)).rejects.toMatchObject(refusal);
  await expect(release(hold.id)).rejects.toMatchObject(refusal);
  expect(await get()).toMatchObject({ creditBalance: 470, heldCredits: 0 });
  expect(await stepsOf(hold.id)).toEqual([
    ['opened', 100, false],
    ['captured', 30, false],
    ['expired', 70, true],
  ]);
});

test('what an overdue hold kept is available to the next spending at once, and is shown so before', async () => {
  const hold = await open(500);
  await expect(debit(1)).rejects.toMatchObject({ details: { required: 1, available: 0 } });
  await letExpire(hold.id);
  expect(await get(), 'as the next movement will find it').toMatchObject({ heldCredits: 0, availableCredits: 500 });
  expect(await debit(500)).toMatchObject({ balance: 0 });
});

test('the sweeper ends what nobody touches, and tells', async () => {
  const hold = await open(100);
  await letExpire(hold.id);
  await Promise.all([world.sweepBilling(), second.sweepBilling()]);
  expect(await world.services.holds.get(tenant.scope, { holdId: hold.id })).toMatchObject({ state: 'expired' });
  const events = await world.db.read.outboxEvent.findMany({
    where: { workspaceId: tenant.id, name: 'billing.hold_expired' },
  });
  expect(events).toHaveLength(1);
});

test('held credits count against debits, other holds and the limit of the cycle', async () => {
  await world.services.billing.setCreditLimit(tenant.scope, { creditLimit: 300 });
  const hold = await open(250);
  await expect(debit(51)).rejects.toMatchObject({
    code: 'billing.credit_limit_reached',
    details: { required: 51, remaining: 50, limit: 300 },
  });
  await expect(open(51)).rejects.toMatchObject({ code: 'billing.credit_limit_reached' });
  await world.services.billing.setCreditLimit(tenant.scope, { creditLimit: null });
  await expect(debit(251)).rejects.toMatchObject({
    code: 'billing.insufficient_credits',
    details: { required: 251, available: 250 },
  });
  // What was granted is captured, whatever the limit has become.
  await world.services.billing.setCreditLimit(tenant.scope, { creditLimit: 10 });
  expect(await capture(hold.id, 250)).toMatchObject({ balance: 250 });
  expect(await get()).toMatchObject({ cycleSpentCredits: 250 });
});

test('another tenant’s hold does not exist', async () => {
  const { id: holdId } = await open(100);
  const { scope } = await aTenant(world, { credits: 100 });
  const { holds } = world.services;
  const missing = { code: 'billing.hold_not_found' };
  await expect(holds.get(scope, { holdId })).rejects.toMatchObject(missing);
  await expect(holds.capture(scope, { holdId, amount: 1 })).rejects.toMatchObject(missing);
  await expect(holds.release(scope, { holdId })).rejects.toMatchObject(missing);
  expect((await holds.list(scope, { page: 1, limit: 10 })).total).toBe(0);
  expect(await holds.get(tenant.scope, { holdId })).toMatchObject({ state: 'open', remaining: 100 });
});

test('under a key each step answers the same for ever, and happens once', async () => {
  const [hold, twin] = await Promise.all([
    open(100, { idempotencyKey: 'open it once' }),
    open(100, { idempotencyKey: 'open it once' }, second),
  ]);
  expect(twin).toEqual(hold);
  const part = () => capture(hold.id, 30, { idempotencyKey: 'take it once' });
  const first = await part();
  expect(await part()).toEqual(first);
  const letGo = () => release(hold.id, { idempotencyKey: 'free it once' });
  const released = await letGo();
  expect(released).toMatchObject({ state: 'released', captured: 30, remaining: 0 });
  expect(await letGo()).toEqual(released);
  expect(await part()).toEqual(first);
  expect(await open(100, { idempotencyKey: 'open it once' })).toEqual(hold);
  expect(await get()).toMatchObject({ creditBalance: 470, heldCredits: 0 });
  expect(await stepsOf(hold.id)).toHaveLength(3);
  const mismatch = { code: 'idempotency.mismatch' };
  await expect(open(99, { idempotencyKey: 'open it once' })).rejects.toMatchObject(mismatch);
  await expect(capture(hold.id, 31, { idempotencyKey: 'take it once' })).rejects.toMatchObject(mismatch);
  await expect(capture(hold.id, 30, { final: true, idempotencyKey: 'take it once' })).rejects.toMatchObject(mismatch);
  await expect(release(twin.workspaceId, { idempotencyKey: 'free it once' })).rejects.toMatchObject(mismatch);
});

test('a refusal is final under its key, and a new key is decided anew', async () => {
  const tooMuch = { idempotencyKey: 'too much at first' };
  await expect(open(600, tooMuch)).rejects.toMatchObject({ details: { required: 600, available: 500 } });
  await world.services.billing.addCredits(tenant.scope, { amount: 100, ...about });
  await expect(open(600, tooMuch)).rejects.toMatchObject({ details: { required: 600, available: 500 } });
  const hold = await open(600, { idempotencyKey: 'another attempt' });
  const beyond = { idempotencyKey: 'beyond the hold' };
  await expect(capture(hold.id, 601, beyond)).rejects.toMatchObject({ details: { remaining: 600 } });
  await capture(hold.id, 100);
  await expect(capture(hold.id, 601, beyond)).rejects.toMatchObject({ details: { remaining: 600 } });
  await release(hold.id);
  const late = { idempotencyKey: 'after the release' };
  for (let time = 0; time < 2; time += 1) {
    await expect(release(hold.id, late)).rejects.toMatchObject({ details: { state: 'released' } });
  }
  expect(await get()).toMatchObject({ creditBalance: 500, heldCredits: 0 });
});

test('the journal of a hold is append-only, and closes once', async () => {
  const hold = await open(100);
  await release(hold.id);
  await withClient(world.databaseUrl, async (client) => {
    for (const vandalism of [
      'update credit_hold_steps set amount = amount + 1',
      'delete from credit_hold_steps',
      'truncate credit_hold_steps',
    ]) {
      await expect(client.query(vandalism)).rejects.toThrow('append-only');
    }
    const again = client.query(
      `insert into credit_hold_steps (workspace_id, hold_id, no, kind, amount, closes, created_at)
       values ($1, $2, 3, 'expired', 0, true, now())`,
      [tenant.id, hold.id],
    );
    await expect(again).rejects.toThrow('credit_hold_steps_closing');
  });
  expect(await entriesOf(world, tenant)).toHaveLength(1);
});

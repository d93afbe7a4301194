import { DomainError } from '@morket/contract/errors';
import { aMember, aTenant, scopeIn, type Tenant, useWorld } from '@morket/testing';
import { beforeEach, describe, expect, test, vi } from 'vitest';

const world = useWorld();
let tenant: Tenant;
beforeEach(async () => {
  tenant = await aTenant(world, { credits: 100 });
});

const KEY = 'order-1042';
const debit = (
  overrides: Partial<{ amount: number; description: string; referenceId: string; idempotencyKey: string }> = {},
  scope = tenant.scope,
) => world.services.billing.debit(scope, { amount: 30, description: 'leads', idempotencyKey: KEY, ...overrides });
const refusalOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (err: unknown) =>
      err instanceof DomainError ? { code: err.code, details: err.details, message: err.message } : err,
  );
const balanceOf = async () => (await world.services.billing.get(tenant.scope)).creditBalance;
const addCredits = (amount: number, idempotencyKey?: string) =>
  world.services.billing.addCredits(tenant.scope, {
    amount,
    description: 'top-up',
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  });

describe('a repeated key', () => {
  test('gets the first answer, and nothing moves', async () => {
    const first = await debit();
    await addCredits(500);
    await debit({ idempotencyKey: 'another-order' });
    expect(await debit()).toEqual(first);
    expect(await balanceOf()).toBe(540);
  });

  test('gets the first refusal, also after a top-up', async () => {
    const first = await refusalOf(debit({ amount: 101 }));
    expect(first).toMatchObject({ code: 'billing.insufficient_credits', details: { required: 101, available: 100 } });
    await addCredits(1_000);
    expect(await refusalOf(debit({ amount: 101 }))).toEqual(first);
    expect(await balanceOf()).toBe(1_100);
    expect(await refusalOf(debit({ amount: 101, idempotencyKey: 'a new attempt' }))).toBe('done');
  });

  test('gets the refusal by the cycle’s limit again, also after the limit is lifted', async () => {
    await world.services.billing.setCreditLimit(tenant.scope, { creditLimit: 10 });
    const first = await refusalOf(debit());
    expect(first).toMatchObject({
      code: 'billing.credit_limit_reached',
      details: { required: 30, remaining: 10, limit: 10 },
    });
    await world.services.billing.setCreditLimit(tenant.scope, { creditLimit: null });
    expect(await refusalOf(debit())).toEqual(first);
  });

  test('that brought a recharge about is answered with the balance of its own time, and recharges once', async () => {
    const { recharges } = world.services;
    await recharges.setMethod(tenant.scope, { token: 'sim_success' });
    await recharges.setRule(tenant.scope, { enabled: true, threshold: 90, amount: 50 });
    const first = await debit();
    expect(first.balance).toBe(70);
    await vi.waitFor(async () => expect(await balanceOf()).toBe(120));
    expect(await debit()).toEqual(first);
    expect(await balanceOf()).toBe(120);
    expect(await recharges.list(tenant.scope, { page: 1, limit: 10 })).toMatchObject({ total: 1 });
  });

  test('adding credits is repeated as well, and its key is not the debit’s', async () => {
    const first = await addCredits(50, KEY);
    expect(await addCredits(50, KEY)).toEqual(first);
    expect(await balanceOf()).toBe(150);
    await debit();
    expect(await balanceOf()).toBe(120);
  });
});

describe('a key used with other arguments is refused and moves nothing', () => {
  test.each([
    ['another amount', { amount: 31 }],
    ['another description', { description: 'other leads' }],
    ['a reference that was not there', { referenceId: 'run-1' }],
  ])('%s', async (_, change) => {
    await debit();
    expect(await refusalOf(debit(change))).toMatchObject({
      code: 'idempotency.mismatch',
      details: { idempotencyKey: KEY },
    });
    expect(await balanceOf()).toBe(70);
    expect(await debit()).toMatchObject({ balance: 70 });
  });

  test('after a refusal too', async () => {
    await refusalOf(debit({ amount: 500 }));
    expect(await refusalOf(debit({ amount: 5 }))).toMatchObject({ code: 'idempotency.mismatch' });
  });
});

test('sixteen twins at once have one effect and one answer', async () => {
  for (let round = 0; round < 5; round += 1) {
    const before = await balanceOf();
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => debit({ amount: 3, idempotencyKey: `twins of round ${round}` })),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await balanceOf()).toBe(before - 3);
  }
});

test('sixteen twins of whom two mean something else: one meaning wins, the other is refused', async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 16 }, (_, index) => refusalOf(debit({ amount: index < 2 ? 20 : 30 }))),
  );
  const done = outcomes.flatMap((outcome, index) => (outcome === 'done' ? [index] : []));
  expect([2, 14]).toContain(done.length);
  expect(await balanceOf()).toBe(done.length === 2 ? 80 : 70);
});

test('the key of one person is not the key of another, nor of another workspace', async () => {
  const member = await aMember(world, tenant, 'member');
  const theirs = await scopeIn(world, member, tenant.id, 'billing:spend');
  await debit();
  const answer = await debit({}, theirs);
  expect(answer.transaction.createdBy).toBe(member.user.id);
  expect(await balanceOf()).toBe(40);
  const elsewhere = await aTenant(world, { owner: tenant.owner, credits: 100 });
  expect(await debit({ amount: 7 }, elsewhere.scope)).toMatchObject({ balance: 93 });
});

test('an addition that was refused stays refused under its key', async () => {
  const refusal = { code: 'billing.balance_too_large', details: { maxBalance: Number.MAX_SAFE_INTEGER } };
  await expect(addCredits(Number.MAX_SAFE_INTEGER, KEY)).rejects.toMatchObject(refusal);
  await debit({ amount: 100 });
  await expect(addCredits(Number.MAX_SAFE_INTEGER, KEY)).rejects.toMatchObject(refusal);
  expect(await balanceOf()).toBe(0);
});

test('without a key each call is one of its own', async () => {
  const once = () => world.services.billing.debit(tenant.scope, { amount: 10, description: 'leads' });
  const [a, b] = [await once(), await once()];
  expect(a.transaction.id).not.toBe(b.transaction.id);
  expect(await balanceOf()).toBe(80);
});

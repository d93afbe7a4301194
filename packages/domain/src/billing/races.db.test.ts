import { InsufficientCredits } from '@morket/contract/billing';
import { aTenant, createWorld, type Tenant, useWorld, type World } from '@morket/testing';
import { expect, test, vi } from 'vitest';

const world = useWorld();
const AT_ONCE = 16;

const outcomeOf = (work: Promise<unknown>): Promise<'done' | 'refused'> =>
  work.then(
    () => 'done' as const,
    (err: unknown) => {
      if (InsufficientCredits.is(err)) return 'refused' as const;
      throw err;
    },
  );

/** What the database holds of an account, and whether it adds up. */
async function booksOf({ id }: Tenant) {
  const account = await world.db.read.billingAccount.findUniqueOrThrow({ where: { workspaceId: id } });
  const entries = await world.db.read.creditTransaction.findMany({
    where: { workspaceId: id },
    orderBy: { seq: 'asc' },
  });
  const sum = entries.reduce((total, entry) => total + entry.amount, 0n);
  const chained = entries.every(
    (entry, index) => entry.balanceAfter === (entries[index - 1]?.balanceAfter ?? 0n) + entry.amount,
  );
  return {
    balance: account.balance,
    seq: account.seq,
    spent: account.cycleSpent,
    sum,
    chained,
    count: BigInt(entries.length),
    entries,
  };
}

test('sixteen debits at once neither lose nor invent a credit', async () => {
  for (let round = 0; round < 10; round += 1) {
    const tenant = await aTenant(world, { credits: 155 });
    const outcomes = await Promise.all(
      Array.from({ length: AT_ONCE }, () =>
        outcomeOf(world.services.billing.debit(tenant.scope, { amount: 10, description: 'race' })),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(15);
    const books = await booksOf(tenant);
    expect(books).toMatchObject({ balance: 5n, sum: 5n, spent: 150n, seq: books.count, chained: true, count: 16n });
  }
});

test('sixteen debits across the threshold recharge once', async () => {
  const { billing, recharges } = world.services;
  for (let round = 0; round < 5; round += 1) {
    const tenant = await aTenant(world, { credits: 200 });
    await recharges.setMethod(tenant.scope, { token: 'sim_success' });
    await recharges.setRule(tenant.scope, { enabled: true, threshold: 150, amount: 500 });
    await Promise.all(
      Array.from({ length: AT_ONCE }, () => billing.debit(tenant.scope, { amount: 10, description: 'race' })),
    );
    await vi.waitFor(async () => expect((await booksOf(tenant)).balance).toBe(540n));
    const books = await booksOf(tenant);
    expect(books.entries.filter(({ type }) => type === 'auto_recharge')).toHaveLength(1);
    expect(books).toMatchObject({ sum: 540n, chained: true, spent: 160n });
    expect(await recharges.list(tenant.scope, { page: 1, limit: 10 })).toMatchObject({
      total: 1,
      items: [{ state: 'succeeded', credits: 500 }],
    });
  }
});

test('a limit holds against sixteen debits at once', async () => {
  const tenant = await aTenant(world, { credits: 1_000 });
  await world.services.billing.setCreditLimit(tenant.scope, { creditLimit: 55 });
  const outcomes = await Promise.allSettled(
    Array.from({ length: AT_ONCE }, () =>
      world.services.billing.debit(tenant.scope, { amount: 10, description: 'race' }),
    ),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
  expect(await booksOf(tenant)).toMatchObject({ balance: 950n, spent: 50n });
});

test('settings changed while credits move undo no movement', async () => {
  const tenant = await aTenant(world, { credits: 500 });
  const { billing, recharges } = world.services;
  await Promise.all(
    Array.from({ length: AT_ONCE }, (_, index) =>
      index % 4 === 0
        ? billing.setCreditLimit(tenant.scope, { creditLimit: 1_000 + index })
        : index % 4 === 1
          ? recharges.setRule(tenant.scope, { enabled: false, threshold: index, amount: index })
          : billing.debit(tenant.scope, { amount: 10, description: 'race' }),
    ),
  );
  expect(await booksOf(tenant)).toMatchObject({ balance: 420n, sum: 420n, spent: 80n, chained: true });
});

test('two processes on one database share one ledger, its keys and its sessions', async () => {
  const second: World = await createWorld({ databaseUrl: world.databaseUrl });
  try {
    const tenant = await aTenant(world, { credits: 155 });
    const both = [world, second];
    const debit = (index: number, idempotencyKey?: string) => {
      const { billing } = (both[index % 2] ?? world).services;
      return billing.debit(tenant.scope, {
        amount: 10,
        description: 'race',
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      });
    };
    const outcomes = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => outcomeOf(debit(index))));
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(15);
    expect(await booksOf(tenant)).toMatchObject({ balance: 5n, sum: 5n, chained: true });

    await world.services.billing.addCredits(tenant.scope, { amount: 100, description: 'top-up' });
    const twins = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => debit(index, 'one for both')));
    expect(new Set(twins.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await booksOf(tenant)).toMatchObject({ balance: 95n, sum: 95n });

    // A token of one is good at the other, until it is ended at either.
    const claims = await second.services.access.identify(tenant.owner.accessToken);
    expect(await second.services.access.userScope(claims, tenant.scope.origin)).toMatchObject({
      actorId: tenant.owner.user.id,
    });
    await second.services.sessions.logout({ refreshToken: tenant.owner.refreshToken }, tenant.scope.origin);
    await expect(world.services.access.userScope(claims, tenant.scope.origin)).rejects.toMatchObject({
      code: 'access.unauthenticated',
    });
  } finally {
    await second.close();
  }
});

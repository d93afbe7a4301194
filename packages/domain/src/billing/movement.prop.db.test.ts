import { DomainError } from '@morket/contract/errors';
import { aPerson, aTenant, type Person, type Tenant, useWorld } from '@morket/testing';
import fc from 'fast-check';
import { beforeAll, expect, test, vi } from 'vitest';

const world = useWorld();
let owner: Person;
beforeAll(async () => {
  owner = await aPerson(world);
});

const MAX = Number.MAX_SAFE_INTEGER;
const amount = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 1_000 }) }, fc.integer({ min: 1, max: MAX }));
const about = { description: 'test' };
const balanceOf = async ({ scope }: Tenant) => (await world.services.billing.get(scope)).creditBalance;
const outcomeOf = <T>(work: Promise<T>): Promise<T | string> =>
  work.catch((err: unknown) => (err instanceof DomainError ? err.code : String(err)));

/** Invariant: adding credits raises the balance by exactly that amount, to the last one JSON can hold, or is refused and changes nothing. */
test('property 19: an addition is exact', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(amount, { minLength: 1, maxLength: 4 }), async (amounts) => {
      const tenant = await aTenant(world, { owner });
      let expected = 0n;
      for (const one of amounts) {
        const outcome = await outcomeOf(world.services.billing.addCredits(tenant.scope, { amount: one, ...about }));
        if (expected + BigInt(one) > BigInt(MAX)) expect(outcome).toBe('billing.balance_too_large');
        else {
          expected += BigInt(one);
          expect(outcome).toMatchObject({
            balance: Number(expected),
            transaction: { amount: one, type: 'credit', balanceAfter: Number(expected) },
          });
        }
        expect(BigInt(await balanceOf(tenant))).toBe(expected);
      }
    }),
    { numRuns: 100 },
  );
});

/** Invariant: a covered debit lowers the balance by exactly its amount. */
test('property 20: a debit is exact', async () => {
  await fc.assert(
    fc.asyncProperty(
      amount,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.option(fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !text.includes('\u0000'))),
      async (opening, part, reference) => {
        const wanted = Math.min(opening, Math.max(1, Math.floor(opening * part)));
        const tenant = await aTenant(world, { owner, credits: opening });
        const input = { amount: wanted, ...about, ...(reference === null ? {} : { referenceId: reference }) };
        const { transaction, balance } = await world.services.billing.debit(tenant.scope, input);
        expect(balance).toBe(opening - wanted);
        expect(transaction).toMatchObject({
          amount: -wanted,
          type: 'debit',
          balanceAfter: opening - wanted,
          referenceId: reference,
          createdBy: owner.user.id,
        });
        expect(await balanceOf(tenant)).toBe(opening - wanted);
      },
    ),
    { numRuns: 100 },
  );
});

/** Invariant: a debit that is not covered is refused with what is needed and what is there, and leaves balance and ledger as they were. */
test('property 21: an uncovered debit is refused and changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 1, max: 1_000 }), async (opening, more) => {
      const tenant = await aTenant(world, { owner, credits: opening });
      const before = await world.services.billing.get(tenant.scope);
      const ledger = await world.services.billing.transactions(tenant.scope, { page: 1, limit: 10 });
      await expect(
        world.services.billing.debit(tenant.scope, { amount: opening + more, ...about }),
      ).rejects.toMatchObject({
        code: 'billing.insufficient_credits',
        kind: 'paymentRequired',
        details: { required: opening + more, available: opening },
      });
      expect(await world.services.billing.get(tenant.scope)).toEqual(before);
      expect(await world.services.billing.transactions(tenant.scope, { page: 1, limit: 10 })).toEqual(ledger);
    }),
    { numRuns: 100 },
  );
});

type Rule = { threshold: number; amount: number; maxAmount: number | null; monthlyLimit: number | null };
const rule: fc.Arbitrary<Rule> = fc
  .record({
    threshold: fc.integer({ min: 0, max: 200 }),
    amount: fc.integer({ min: 1, max: 200 }),
    above: fc.option(fc.nat(100)),
    monthlyLimit: fc.option(fc.integer({ min: 1, max: 600 })),
  })
  .map(({ above, ...rest }) => ({ ...rest, maxAmount: above === null ? null : rest.amount + above }));
/** In ten minutes, whatever the rule says. */
const MAX_ATTEMPTS = 2;

/** What recharges buy until the threshold is reached or a limit stands in the way; `bought` holds those before. */
function purchases(
  { threshold, amount: smallest, maxAmount, monthlyLimit }: Rule,
  available: number,
  bought: number[],
) {
  const list: number[] = [];
  for (let level = available; level < threshold; level += list.at(-1) ?? 0) {
    const before = [...bought, ...list];
    const left = (monthlyLimit ?? MAX) - before.reduce((sum, one) => sum + one, 0);
    if (before.length === MAX_ATTEMPTS || left < smallest) break;
    list.push(Math.min(Math.max(threshold - level, smallest), maxAmount ?? MAX, left));
  }
  return list;
}

/**
 * Invariant: when a debit leaves less than the threshold, what is bought leads back to it: the missing credits at once, but at least the
 * amount of the rule; less, or nothing, only where a limit of the rule or the one on attempts stands in the way. The debit itself is
 * answered without waiting for that, and is granted only from what was there.
 */
test('property 23: a recharge comes at the threshold', async () => {
  const { billing, recharges } = world.services;
  const debits = fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 3 });
  let full = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 300 }), rule, debits, async (opening, given, list) => {
      const tenant = await aTenant(world, { owner, credits: opening });
      const { threshold, amount: smallest, maxAmount, monthlyLimit } = given;
      await recharges.setMethod(tenant.scope, { token: 'sim_success' });
      await recharges.setRule(tenant.scope, {
        ...{ enabled: true, threshold, amount: smallest },
        ...(maxAmount !== null && { maxAmount }),
        ...(monthlyLimit !== null && { monthlyLimit }),
      });
      const ledger = [`credit ${opening}`];
      const bought: number[] = [];
      let balance = opening;
      let isBlocked = false;
      /** Waits until nothing is under way; then the ledger has what was to be bought, and nothing else. */
      const recharged = async () => {
        const expected = isBlocked ? [] : purchases(given, balance, bought);
        balance += expected.reduce((sum, one) => sum + one, 0);
        if (expected.length === 1 && balance >= threshold) full += 1;
        bought.push(...expected);
        ledger.push(...expected.map((one) => `auto_recharge ${one}`));
        // A limit that was met stands for longer than this test.
        isBlocked ||= balance < threshold;
        await vi.waitFor(
          async () => {
            const account = await world.db.read.billingAccount.findUniqueOrThrow({ where: { workspaceId: tenant.id } });
            expect(account).toMatchObject({ openRechargeId: null, balance: BigInt(balance) });
          },
          { interval: 10, timeout: 10_000 },
        );
      };
      await recharged();
      for (const wanted of list) {
        const outcome = await outcomeOf(billing.debit(tenant.scope, { amount: wanted, ...about }));
        if (wanted > balance) expect(outcome).toBe('billing.insufficient_credits');
        else {
          balance -= wanted;
          ledger.push(`debit ${-wanted}`);
          expect(outcome).toMatchObject({ balance, transaction: { type: 'debit', amount: -wanted } });
        }
        await recharged();
      }
      const { items } = await billing.transactions(tenant.scope, { page: 1, limit: 100 });
      expect(items.map(({ type, amount: moved }) => `${type} ${moved}`).toReversed()).toEqual(ledger);
    }),
    { numRuns: 100 },
  );
  expect(full, 'recharges that led back to the threshold').toBeGreaterThan(10);
});

import { DomainError } from '@morket/contract/errors';
import { aPerson, aTenant, type Person, type Tenant, useWorld } from '@morket/testing';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';

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

/**
 * Invariant: with auto-recharge, a debit that leaves less than the threshold is followed by exactly one recharge of the amount
 * that was set; one that only a recharge covers is preceded by it; all others recharge nothing.
 */
test('property 23: a recharge comes at the threshold', async () => {
  const rule = fc.record({ threshold: fc.integer({ min: 0, max: 200 }), amount: fc.integer({ min: 1, max: 200 }) });
  const debits = fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 300 }),
      rule,
      debits,
      async (opening, { threshold, amount: recharge }, list) => {
        const tenant = await aTenant(world, { owner, credits: opening });
        await world.services.billing.setAutoRecharge(tenant.scope, { enabled: true, threshold, amount: recharge });
        let balance = opening;
        const ledger = [`credit ${opening}`];
        for (const wanted of list) {
          const outcome = await outcomeOf(world.services.billing.debit(tenant.scope, { amount: wanted, ...about }));
          const first = wanted > balance;
          if (first && wanted > balance + recharge) {
            expect(outcome).toBe('billing.insufficient_credits');
            continue;
          }
          const after = !first && balance - wanted < threshold;
          balance += (first || after ? recharge : 0) - wanted;
          if (first) ledger.push(`auto_recharge ${recharge}`);
          ledger.push(`debit ${-wanted}`);
          if (after) ledger.push(`auto_recharge ${recharge}`);
          expect(outcome).toMatchObject({ balance, transaction: { type: 'debit', amount: -wanted } });
        }
        expect(await balanceOf(tenant)).toBe(balance);
        const { items } = await world.services.billing.transactions(tenant.scope, { page: 1, limit: 100 });
        expect(items.map(({ type, amount: moved }) => `${type} ${moved}`).toReversed()).toEqual(ledger);
      },
    ),
    { numRuns: 100 },
  );
});

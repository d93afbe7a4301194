import { DomainError } from '@morket/contract/errors';
import { aPerson, aTenant, type Person, type Tenant, useWorld } from '@morket/testing';
import { withClient } from '@morket/testing/template-database';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';

const world = useWorld();
let owner: Person;
beforeAll(async () => {
  owner = await aPerson(world);
});

type Move = { readonly kind: 'credit' | 'debit'; readonly amount: number; readonly key: string | null };
const move: fc.Arbitrary<Move> = fc.record({
  kind: fc.constantFrom('credit', 'debit', 'debit', 'debit'),
  amount: fc.integer({ min: 1, max: 60 }),
  key: fc.constantFrom(null, null, 'key-number-one', 'key-number-two'),
});

/** Makes one movement; gives what it did to the balance, null when it was refused. */
async function make({ scope }: Tenant, { kind, amount, key }: Move): Promise<number | null> {
  const { billing } = world.services;
  const input = { amount, description: 'test', ...(key === null ? {} : { idempotencyKey: key }) };
  try {
    const { transaction } = await (kind === 'credit' ? billing.addCredits(scope, input) : billing.debit(scope, input));
    return transaction.amount;
  } catch (err) {
    if (err instanceof DomainError && ['billing.insufficient_credits', 'idempotency.mismatch'].includes(err.code))
      return null;
    throw err;
  }
}

const entriesOf = ({ id }: Tenant) =>
  world.db.read.creditTransaction.findMany({ where: { workspaceId: id }, orderBy: { seq: 'asc' } });
const balanceOf = async ({ scope }: Tenant) => (await world.services.billing.get(scope)).creditBalance;

/** Invariant: the pages of the ledger give every movement once, the newest first, in the order in which they took effect. */
test('property 22: transactions come newest first', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(move, { minLength: 1, maxLength: 7 }),
      fc.integer({ min: 1, max: 4 }),
      async (moves, limit) => {
        const tenant = await aTenant(world, { owner, credits: 100 });
        const effects = [100];
        for (const one of moves.map((given) => ({ ...given, key: null }))) {
          const effect = await make(tenant, one);
          if (effect !== null) effects.push(effect);
        }
        const pages = await Promise.all(
          Array.from({ length: Math.ceil(effects.length / limit) + 1 }, (_, index) =>
            world.services.billing.transactions(tenant.scope, { page: index + 1, limit }),
          ),
        );
        const items = pages.flatMap((page) => page.items);
        expect(items.map(({ amount }) => amount)).toEqual(effects.toReversed());
        expect(pages.every(({ total }) => total === effects.length)).toBe(true);
        for (const [index, item] of items.entries()) {
          const older = items[index + 1];
          if (!older) continue;
          expect(item.createdAt.getTime()).toBeGreaterThanOrEqual(older.createdAt.getTime());
          expect(item.balanceAfter).toBe(older.balanceAfter + item.amount);
        }
      },
    ),
    { numRuns: 100 },
  );
});

/**
 * Invariant: however movements interleave, the balance at the end is the opening one plus every movement that was answered as
 * done; entries are numbered without a gap and chain from one balance to the next, none of them negative; and a key moves
 * credits once. Removing `for update` from `lockAccounts` must make this fail.
 */
test('property 24: concurrent movements conserve credits', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 120 }),
      fc.array(move, { minLength: 2, maxLength: 8 }),
      async (opening, moves) => {
        const tenant = await aTenant(world, { owner, credits: opening });
        const outcomes = await Promise.all(moves.map((one) => make(tenant, one)));
        const counted = new Set<string>();
        let expected = opening;
        for (const [index, effect] of outcomes.entries()) {
          const { key = null, kind = 'debit' } = moves[index] ?? {};
          // Twins under one key are answered alike; the effect is there once.
          if (effect === null || (key !== null && counted.has(`${kind} ${key}`))) continue;
          if (key !== null) counted.add(`${kind} ${key}`);
          expected += effect;
        }
        expect(await balanceOf(tenant)).toBe(expected);
        const entries = await entriesOf(tenant);
        let balance = 0n;
        for (const [index, entry] of entries.entries()) {
          balance += entry.amount;
          expect(entry.seq).toBe(BigInt(index + 1));
          expect(entry.balanceAfter).toBe(balance);
          expect(balance >= 0n).toBe(true);
        }
        expect(balance).toBe(BigInt(expected));
      },
    ),
    { numRuns: 100 },
  );
});

const VANDALISM = [
  'update credit_transactions set amount = amount + 1',
  'update credit_transactions set description = description',
  'delete from credit_transactions',
  'delete from credit_transactions where false or seq = 1',
  'update credit_transactions set hash = hash',
  'truncate credit_transactions',
  'truncate credit_transactions cascade',
  'truncate billing_accounts cascade',
] as const;
/** PostgreSQL itself refuses to truncate a table that others point to, before any trigger is asked. */
const REFUSED = /append-only|referenced in a foreign key/;

/**
 * Invariant: an entry once written stays as it is, byte for byte, and the number of entries never falls, whatever verbs are
 * called and whatever statements are sent around them.
 */
test('property 25: the ledger is immutable', async () => {
  await withClient(world.databaseUrl, (client) =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(move, fc.constantFrom(...VANDALISM)), { minLength: 1, maxLength: 6 }),
        async (steps) => {
          const tenant = await aTenant(world, { owner, credits: 50 });
          let known = await entriesOf(tenant);
          for (const step of steps) {
            if (typeof step === 'string') await expect(client.query(step)).rejects.toThrow(REFUSED);
            else await make(tenant, step);
            const entries = await entriesOf(tenant);
            expect(entries.slice(0, known.length)).toEqual(known);
            known = entries;
          }
        },
      ),
      { numRuns: 100 },
    ),
  );
});

import { migrate } from '@morket/db/migrations';
import { anOrigin, aTenant, createWorld, type Person, scopeIn, type World } from '@morket/testing';
import { createEmptyDatabase, type TestDatabase } from '@morket/testing/template-database';
import fc from 'fast-check';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  insertLedger,
  insertUser,
  keepLegacyAnswer,
  type LegacyEntry,
  type LegacyMove,
  type LegacyUser,
  migrateToBeforeLedger,
} from '../../test/legacy-ledger.ts';
import type { WorkspaceScope } from '../access/index.ts';
import { createPasswords } from '../passwords/index.ts';
import { createLedgerAudit } from './ledger-audit.service.ts';

const PASSWORD = 'before-the-ledger';
/** Whatever a description may hold; JSON writes each of these in a way of its own. */
const TEXTS = [
  'leads',
  'say "cheese"',
  'C:\\leads\\new',
  'two\nlines\r\n\tand a tab',
  'Grüße, 東京, 🚀, e\u0301',
  'a\u0001b\u001f\u007f\u0080\u2028\u2029\ufeff',
  '\\u0041 \\n \\" null,"x"]',
  "it's; drop table 'x'; --",
] as const;

const text = fc.oneof(
  fc.constantFrom(...TEXTS),
  fc.string({ unit: 'grapheme', maxLength: 30 }).filter((value) => value.isWellFormed() && !value.includes('\u0000')),
);
const move: fc.Arbitrary<LegacyMove> = fc.record({
  type: fc.constantFrom('credit', 'debit', 'debit', 'debit', 'auto_recharge'),
  amount: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 2 ** 50 })),
  description: text,
  referenceId: fc.option(text),
  at: fc.date({ min: new Date('2025-01-01'), max: new Date('2026-06-01'), noInvalidDate: true }),
});
const LEDGERS = 100;
const OPENING: LegacyMove = {
  type: 'credit',
  amount: 100,
  description: 'top-up',
  referenceId: null,
  at: new Date('2026-01-01T00:00:00.001Z'),
};

type Ledger = { readonly workspaceId: string; readonly entries: LegacyEntry[] };
let database: TestDatabase;
let world: World;
let person: Person;
const ledgers: Ledger[] = [];
/** The one whose keys are used again. */
let kept: Ledger;
let scope: WorkspaceScope;

const KEPT_MOVES: readonly LegacyMove[] = [
  OPENING,
  ...TEXTS.map((description, index) => ({
    ...({ type: 'debit', amount: index + 1, description, referenceId: index % 2 === 0 ? null : description } as const),
    at: new Date(`2026-02-0${index + 1}T10:00:00.${index}0${index}Z`),
  })),
  {
    type: 'auto_recharge',
    amount: 50,
    description: 'Auto-recharge',
    referenceId: null,
    at: new Date('2026-03-01T00:00:00Z'),
  },
];
const REFUSED = [
  [
    'insufficient',
    'billing.debit',
    { amount: 7_000, description: 'leads', referenceId: null },
    { required: 7_000, available: 64 },
  ],
  [
    'limit',
    'billing.debit',
    { amount: 30, description: 'leads', referenceId: 'run-1' },
    { required: 30, remaining: 10, limit: 10, resetsAt: '2026-02-01T00:00:00.000Z' },
  ],
  ['too_large', 'billing.addCredits', { amount: Number.MAX_SAFE_INTEGER, description: 'top-up' }, {}],
] as const;

beforeAll(async () => {
  database = await createEmptyDatabase();
  const { url } = database;
  await migrateToBeforeLedger(url);
  const passwords = createPasswords({ rounds: 4, threads: 1 });
  const user: LegacyUser = { id: v7(), email: 'ada@example.com', passwordHash: await passwords.hash(PASSWORD) };
  await passwords.close();
  await insertUser(url, user);
  kept = await insertLedger(url, user, KEPT_MOVES);
  const owner = { workspaceId: kept.workspaceId, userId: user.id };
  const [recharge] = kept.entries.slice(-1);
  for (const { id, seq, type, amount, description, referenceId, balanceAfter } of kept.entries) {
    if (type === 'auto_recharge') continue;
    const isDebit = type === 'debit';
    // The last debit was answered with the balance behind the recharge it had brought about.
    const balance = recharge && seq === recharge.seq - 1 ? recharge.balanceAfter : balanceAfter;
    await keepLegacyAnswer(url, owner, {
      procedure: isDebit ? 'billing.debit' : 'billing.addCredits',
      key: `key-of-entry-${seq}`,
      input: isDebit ? { amount: -amount, description, referenceId } : { amount, description },
      answer: { outcome: 'moved', transactionId: id, balance },
    });
  }
  for (const [outcome, procedure, input, details] of REFUSED) {
    await keepLegacyAnswer(url, owner, {
      procedure,
      key: `refused-${outcome}`,
      input,
      answer: { outcome, ...details },
    });
  }
  for (const moves of fc.sample(fc.array(move, { minLength: 1, maxLength: 12 }), { numRuns: LEDGERS })) {
    ledgers.push(await insertLedger(url, user, [OPENING, ...moves]));
  }
  ledgers.push(await insertLedger(url, user, []));

  await migrate({ databaseUrl: url });
  world = await createWorld({ databaseUrl: url });
  const signedIn = await world.services.auth.login({ email: user.email, password: PASSWORD }, anOrigin());
  const { access } = world.services;
  const own = await access.userScope(await access.identify(signedIn.accessToken), anOrigin());
  person = { ...signedIn, email: user.email, password: PASSWORD, scope: own };
  scope = await scopeIn(world, person, kept.workspaceId, 'billing:manage');
});
afterAll(async () => {
  await world.close();
  await database.drop();
});

const stateOf = async (workspaceId: string) => ({
  account: await world.db.read.billingAccount.findUniqueOrThrow({ where: { workspaceId } }),
  entries: await world.db.read.creditTransaction.findMany({ where: { workspaceId }, orderBy: { seq: 'asc' } }),
  grants: await world.db.read.creditGrant.findMany({ where: { workspaceId }, orderBy: { seq: 'asc' } }),
});

describe('a ledger from before', () => {
  /** Invariant: hashes, grants and burns that the migration derived in SQL are those that the verification derives anew. */
  test('is intact, whatever its texts hold', async () => {
    let total = 0;
    for await (const { workspaceId, intact, divergence, entries } of createLedgerAudit(world).verifyAll()) {
      const ledger = [kept, ...ledgers].find((one) => one.workspaceId === workspaceId);
      expect({ workspaceId, intact, divergence, entries }).toEqual({
        ...{ workspaceId, intact: true, divergence: null },
        entries: ledger?.entries.length,
      });
      total += entries;
    }
    expect(total).toBeGreaterThan(4 * LEDGERS);
  });

  test('keeps its entries as they were', async () => {
    for (const { workspaceId, entries } of [kept, ...ledgers]) {
      const { account, entries: found } = await stateOf(workspaceId);
      expect(account.balance).toBe(BigInt(entries.at(-1)?.balanceAfter ?? 0));
      expect(account).toMatchObject({ held: 0n, debt: 0n, openRechargeId: null });
      expect(found).toMatchObject(
        entries.map(({ at, amount, balanceAfter, seq, ...rest }) => ({
          ...rest,
          ...{ amount: BigInt(amount), balanceAfter: BigInt(balanceAfter), seq: BigInt(seq), createdAt: at },
          ...{ createdBy: person.user.id, reversesId: null, holdId: null },
        })),
      );
    }
  });

  /** Invariant: what was spent came from the oldest credits; spending all debits at once leaves the same grants. */
  test('has its credits in grants, the oldest spent first', async () => {
    for (const { workspaceId, entries } of ledgers) {
      let spent = entries.reduce((sum, { amount }) => (amount < 0 ? sum - amount : sum), 0);
      const expected = entries
        .filter(({ amount }) => amount > 0)
        .map(({ seq, amount }) => {
          const remaining = Math.max(0, amount - spent);
          spent = Math.max(0, spent - amount);
          return { seq: BigInt(seq), amount: BigInt(amount), remaining: BigInt(remaining), isOpen: remaining > 0 };
        });
      const common = { priority: 50, expiresAt: null, expired: 0n };
      expect((await stateOf(workspaceId)).grants).toMatchObject(expected.map((grant) => ({ ...grant, ...common })));
    }
  });
});

describe('a key from before', () => {
  test('gives the answer that it gave', async () => {
    const { billing } = world.services;
    const before = await stateOf(kept.workspaceId);
    const recharge = kept.entries.at(-1);
    for (const entry of kept.entries) {
      const { seq, type, amount, description, referenceId, balanceAfter, at } = entry;
      if (type === 'auto_recharge') continue;
      const input = { description, idempotencyKey: `key-of-entry-${seq}` };
      const answer =
        type === 'debit'
          ? await billing.debit(scope, { ...input, amount: -amount, ...(referenceId !== null && { referenceId }) })
          : await billing.addCredits(scope, { ...input, amount });
      expect(answer).toEqual({
        balance: recharge && seq === recharge.seq - 1 ? recharge.balanceAfter : balanceAfter,
        transaction: {
          ...{ id: entry.id, workspaceId: kept.workspaceId, amount, type, description, referenceId, balanceAfter },
          ...{ reversesId: null, holdId: null, createdBy: person.user.id, createdAt: at },
        },
      });
    }
    expect(await stateOf(kept.workspaceId)).toEqual(before);
  });

  test.each(REFUSED)('refuses as it refused: %s', async (outcome, procedure, input, details) => {
    const { billing } = world.services;
    const idempotencyKey = `refused-${outcome}`;
    const { amount, description } = input;
    const reference = 'referenceId' in input && input.referenceId !== null ? { referenceId: input.referenceId } : {};
    const attempt =
      procedure === 'billing.addCredits'
        ? billing.addCredits(scope, { amount, description, idempotencyKey })
        : billing.debit(scope, { amount, description, idempotencyKey, ...reference });
    const codes = {
      insufficient: 'billing.insufficient_credits',
      limit: 'billing.credit_limit_reached',
      too_large: 'billing.balance_too_large',
    };
    const expected = outcome === 'too_large' ? { maxBalance: Number.MAX_SAFE_INTEGER } : details;
    await expect(attempt).rejects.toMatchObject({ code: codes[outcome], details: expected });
  });

  test('refuses another effect, as it did', async () => {
    const { billing } = world.services;
    const other = { amount: 3, description: 'something else' };
    for (const idempotencyKey of ['key-of-entry-2', 'refused-limit']) {
      await expect(billing.debit(scope, { ...other, idempotencyKey })).rejects.toMatchObject({
        code: 'idempotency.mismatch',
      });
    }
  });
});

test('a ledger from before goes on: debits, reversals of what it did, and the same chain', async () => {
  const { billing } = world.services;
  const { balance } = await billing.debit(scope, { amount: 10, description: 'after' });
  expect(balance).toBe((kept.entries.at(-1)?.balanceAfter ?? 0) - 10);
  const [opening, first] = kept.entries;
  if (!opening || !first) throw new Error('There are entries.');
  const undone = await billing.reverse(scope, { transactionId: first.id, reason: 'a mistake' });
  expect(undone).toMatchObject({ balance: balance + 1, transaction: { reversesId: first.id, amount: 1 } });
  // Of the first hundred what is spent is owed, and paid with the recharge of then.
  const taken = await billing.reverse(scope, { transactionId: opening.id, reason: 'a chargeback' });
  expect(taken.balance).toBe(Math.max(0, balance + 1 - 100));
  const entries = kept.entries.length + 3;
  expect(await createLedgerAudit(world).verifyWorkspace(kept.workspaceId)).toMatchObject({
    intact: true,
    divergence: null,
    entries,
  });
  // And new ones beside it.
  const tenant = await aTenant(world, { owner: person, credits: 5 });
  expect(await createLedgerAudit(world).verifyWorkspace(tenant.id)).toMatchObject({ intact: true, entries: 1 });
});

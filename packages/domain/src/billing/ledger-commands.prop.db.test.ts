import { createDb, type Db } from '@morket/db';
import { createLedgerAudit } from '@morket/domain/billing';
import { aPerson, aTenant, createWorld, type Person, type Tenant, type World } from '@morket/testing';
import { type ClockedDatabase, createClockedDatabase } from '@morket/testing/database-clock';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBrokenLedger } from '../../test/ledger/broken-ledger.ts';
import { type LedgerSubject, ledgerCommands, ledgerTerms } from '../../test/ledger/ledger-commands.ts';
import { type LedgerState, newLedgerState } from '../../test/ledger/ledger-model-books.ts';
import { withoutLocks } from '../../test/ledger/lockless.ts';
import { createRealLedger, type Foreign } from '../../test/ledger/real-ledger.ts';

const SEQUENCES = 300;

let database: ClockedDatabase;
let world: World;
let second: Db;
let owner: Person;
let foreign: Foreign;

beforeAll(async () => {
  database = await createClockedDatabase();
  world = await createWorld({ databaseUrl: database.url });
  second = createDb({ url: database.url, poolSize: 2 });
  owner = await aPerson(world);
  const other = await aTenant(world, { credits: 100 });
  const { transaction } = await world.services.billing.debit(other.scope, { amount: 1, description: 'theirs' });
  const hold = await world.services.holds.create(other.scope, { amount: 10, description: 'theirs' });
  foreign = { holdId: hold.id, transactionId: transaction.id };
});
afterAll(async () => {
  await second.close();
  await world.close();
  await database.drop();
});

/** Half past midnight on the tenth of next month: whole hours from there never touch the turn of a month. */
function start(): number {
  const now = new Date();
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 10, 0, 30);
}

type Prepared = { readonly subject: LedgerSubject; readonly finish: (state: LedgerState) => Promise<void> };

const aRealLedger = (state: LedgerState): Promise<Prepared> => aLedgerOver([world.db, second], state);

async function aLedgerOver(dbs: readonly [Db, Db], state: LedgerState): Promise<Prepared> {
  const startMs = state.startMs;
  // People sign in by the clock of this process.
  await database.set(new Date());
  const tenant: Tenant = await aTenant(world, { owner });
  const { scope, id: workspaceId } = tenant;
  await database.set(new Date(startMs));
  const pass = (hours: number) => database.pass({ hours });
  const real = createRealLedger({ dbs, scope, startMs, foreign, pass });
  if (state.limit !== null) await real.subject.setLimit(state.limit);
  if (state.rule) {
    await real.recharges.setMethod(scope, { token: 'sim_success' });
    await real.recharges.setRule(scope, { enabled: true, ...state.rule });
  }
  const audit = createLedgerAudit(world);
  return {
    subject: real.subject,
    finish: async (last) => {
      const holds = [...last.holds.values()].map(({ name, amount, captured, state: end }) => ({
        ...{ name, amount, captured, state: end },
      }));
      expect((await real.holds()).toSorted(byName)).toEqual(holds.toSorted(byName));
      expect(await real.grants()).toEqual(
        last.grants.filter(({ left }) => left > 0).map(({ seq, left }) => [seq, left]),
      );
      const { balance, held } = await real.subject.books();
      expect(await audit.verifyWorkspace(workspaceId)).toMatchObject({
        ...{ intact: true, divergence: null, entries: last.entries.length, balance, held },
      });
    },
  };
}
const byName = (a: { name: string | undefined }, b: { name: string | undefined }) =>
  (a.name ?? '') < (b.name ?? '') ? -1 : 1;

/**
 * Invariant: whatever is asked of a ledger, in whatever order, by one process or two, once or again, at once or hours later, it answers
 * as a plain model of its rules does; what is asked at once is answered as if in some order; and its books agree with the model's.
 */
const keepsTheRules = (prepare: (state: LedgerState) => Promise<Prepared>) =>
  fc.asyncProperty(ledgerTerms, ledgerCommands, async ({ rule, limit }, commands) => {
    const run = { state: newLedgerState(start(), rule, limit), asked: [] };
    const { subject, finish } = await prepare(run.state);
    await fc.asyncModelRun(() => ({ model: run, real: subject }), commands);
    await finish(run.state);
  });

const inMemory =
  (isLocked: boolean) =>
  async (state: LedgerState): Promise<Prepared> => ({
    subject: createBrokenLedger(state, { isLocked }),
    finish: async () => undefined,
  });

test('the ledger answers as its model does', async () => {
  await fc.assert(keepsTheRules(aRealLedger), {
    numRuns: SEQUENCES,
    interruptAfterTimeLimit: 100_000,
    markInterruptAsFailure: true,
  });
}, 120_000);

test('a ledger that reads, waits and then writes is caught within ten sequences', async () => {
  const { failed, numRuns } = await fc.check(keepsTheRules(inMemory(false)), { numRuns: 10, endOnFailure: true });
  expect(failed, `caught by sequence ${numRuns}`).toBe(true);
});

test('the same ledger with a lock is not', async () => {
  await fc.assert(keepsTheRules(inMemory(true)), { numRuns: 100 });
});

test('nor does the real one pass without the lock on its account', async () => {
  const open = () => createDb({ url: database.url, poolSize: 2, wrapAdapter: withoutLocks });
  const dbs = [open(), open()] as const;
  try {
    const property = keepsTheRules((state) => aLedgerOver(dbs, state));
    const { failed, numRuns } = await fc.check(property, { numRuns: 30, endOnFailure: true });
    expect(failed, `caught by sequence ${numRuns}`).toBe(true);
  } finally {
    await Promise.all(dbs.map((db) => db.close()));
  }
});

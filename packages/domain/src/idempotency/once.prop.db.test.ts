import { IdempotencyInProgress, IdempotencyMismatch, Unavailable } from '@morket/contract/errors';
import { aTenant, createWorld, type Tenant, unique, type World } from '@morket/testing';
import { seededPlan } from '@morket/testing/fault-plan';
import { createFaults } from '@morket/testing/faulty-adapter';
import { createTestDatabase, type TestDatabase } from '@morket/testing/template-database';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { under } from '../../test/intents.ts';
import { isReplay, once } from './index.ts';

/** Two processes on one database, whose connections both break; a client reaches either. */
const faults = [createFaults(), createFaults()] as const;
let database: TestDatabase;
let worlds: readonly [World, World];
let tenant: Tenant;
beforeAll(async () => {
  database = await createTestDatabase();
  const start = (index: 0 | 1) =>
    createWorld({ databaseUrl: database.url, wrapAdapter: faults[index].wrapAdapter, env: { LOG_LEVEL: 'silent' } });
  worlds = [await start(0), await start(1)];
  tenant = await aTenant(worlds[0]);
});
afterAll(async () => {
  for (const world of worlds) await world.close();
  await database.drop();
});

/** Few keys and few inputs, so that calls meet their twins, and namesakes with another input. */
const aCall = fc.record({ key: fc.constantFrom('first', 'second'), input: fc.constantFrom('a', 'a', 'a', 'b') });
type Call = typeof aCall extends fc.Arbitrary<infer T> ? T : never;

/** Under faults a call is told to come again now and then; as often as this, something else is wrong. */
const MAX_TRIES = 60;

type Told =
  | { readonly outcome: 'answered'; readonly id: string; readonly input: string; readonly isReplay: boolean }
  | { readonly outcome: 'mismatch' };

async function insist(run: string, { key, input }: Call, index: number): Promise<Told> {
  for (let attempt = 1; attempt <= MAX_TRIES; attempt += 1) {
    const { db } = worlds[((index + attempt) % 2) as 0 | 1]; // 0 or 1
    const scope = under(tenant.scope, `${run} ${key}`, { input });
    try {
      const answer = await once(db, scope, async (tx) => {
        await tx.$executeRaw`insert into processed_events (consumer, event_id) values (${`${run} ${key}`}, gen_random_uuid())`;
        return { id: crypto.randomUUID(), input };
      });
      return { outcome: 'answered', ...answer, isReplay: isReplay(scope) };
    } catch (err) {
      if (IdempotencyMismatch.is(err)) return { outcome: 'mismatch' };
      if (!IdempotencyInProgress.is(err) && !Unavailable.is(err)) throw err;
    }
  }
  throw new Error(`It was told ${MAX_TRIES} times to come again.`);
}

/**
 * Invariant: however many calls come under one key at once, in two processes, and wherever their connections break, COMMIT included: the
 * effect is there exactly once, everybody with the same input gets its one answer, at most one of them unmarked, and only those with
 * another input are refused.
 */
test('an effect under a key happens exactly once, and has one answer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(aCall, { minLength: 2, maxLength: 8 }), fc.nat(), async (calls, seed) => {
      const run = unique();
      for (const [process, one] of faults.entries()) one.arm(seededPlan(2 * seed + process, { rate: 0.3 }));
      const told = await Promise.all(calls.map((call, index) => insist(run, call, index))).finally(() => {
        for (const one of faults) one.disarm();
      });
      for (const [key, mine] of Map.groupBy(calls.keys(), (index) => calls[index]?.key)) {
        const answers = mine.flatMap((index) => {
          const one = told[index];
          return one?.outcome === 'answered' ? [one] : [];
        });
        const effects = await worlds[0].db.read.processedEvent.count({ where: { consumer: `${run} ${key}` } });
        expect(effects).toBe(1);
        expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
        expect(answers.filter((one) => !one.isReplay).length).toBeLessThanOrEqual(1);
        // The input that came first is the only one that is answered.
        const [winner] = answers;
        for (const index of mine) {
          expect(told[index]?.outcome).toBe(calls[index]?.input === winner?.input ? 'answered' : 'mismatch');
        }
      }
    }),
    { numRuns: 100 },
  );
}, 120_000);

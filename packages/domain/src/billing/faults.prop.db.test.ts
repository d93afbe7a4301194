import { DomainError } from '@morket/contract/errors';
import { CommitUnknown, sqlStateOf } from '@morket/db';
import { aPerson, aTenant, createWorld, type Person, type Tenant, type World } from '@morket/testing';
import { type Fault, type Loss, seededPlan } from '@morket/testing/fault-plan';
import { createFaults } from '@morket/testing/faulty-adapter';
import { type Asks, checkLedger } from '@morket/testing/ledger-checker';
import { type Claim, checkClaims, type Told } from '@morket/testing/ledger-claims';
import { createTestDatabase, type TestDatabase, withClient } from '@morket/testing/template-database';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** Two processes on one database, whose connections both break; clients reach either, as behind a load balancer. */
const faults = [createFaults(), createFaults()] as const;
let database: TestDatabase;
let worlds: readonly [World, World];
let owner: Person;
beforeAll(async () => {
  database = await createTestDatabase();
  const start = (index: 0 | 1) =>
    createWorld({ databaseUrl: database.url, wrapAdapter: faults[index].wrapAdapter, env: { LOG_LEVEL: 'silent' } });
  worlds = [await start(0), await start(1)];
  owner = await aPerson(worlds[0]);
});
afterAll(async () => {
  for (const world of worlds) await world.close();
  await database.drop();
});

/** Few amounts and few keys, so that calls meet their twins, and namesakes with other content. */
const aCall = fc.record({
  workspace: fc.nat({ max: 2 }),
  kind: fc.constantFrom('debit', 'debit', 'debit', 'credit'),
  amount: fc.constantFrom(10, 10, 40),
  key: fc.constantFrom(null, null, 'first', 'second'),
});
type Call = typeof aCall extends fc.Arbitrary<infer T> ? T : never;

/** Sends a call once. Errors that no client should ever see are thrown on. */
async function ask({ services }: World, { scope }: Tenant, call: Call, description: string): Promise<Told> {
  const { kind, amount, key } = call;
  const input = { amount, description, ...(key !== null && { idempotencyKey: `${kind}-${key}` }) };
  try {
    const move = kind === 'debit' ? services.billing.debit : services.billing.addCredits;
    const { transaction } = await move(scope, input);
    const { id: transactionId, balanceAfter } = transaction;
    return { outcome: 'moved', transactionId, amount: transaction.amount, balanceAfter };
  } catch (err) {
    if (err instanceof CommitUnknown) return { outcome: 'unknown' };
    if (['40001', '40P01'].includes(sqlStateOf(err) ?? '')) return { outcome: 'notDone' };
    if (!(err instanceof DomainError)) throw err;
    const { code, details } = err;
    if (err.kind === 'unavailable') return { outcome: 'notDone' };
    if (err.kind === 'paymentRequired' || err.kind === 'unprocessable') return { outcome: 'refused', code, details };
    throw err;
  }
}

const TRIES = 6;
type Client = { readonly repeatsUnknownWithoutKey: boolean };
const CAREFUL: Client = { repeatsUnknownWithoutKey: false };

/** Tries again as long as that is safe: always under a key, without one only when told that nothing took effect. */
async function insist(client: Client, tenant: Tenant, call: Call, index: number, description: string): Promise<Told> {
  for (let attempt = 1; ; attempt += 1) {
    const told = await ask(worlds[((index + attempt) % 2) as 0 | 1], tenant, call, description); // 0 or 1
    const isDecided = told.outcome === 'moved' || told.outcome === 'refused';
    const mayRepeat = call.key !== null || told.outcome === 'notDone' || client.repeatsUnknownWithoutKey;
    if (isDecided || !mayRepeat) return told;
    // Under a key an earlier try may have arrived, whatever was said of the last.
    if (attempt === TRIES) return call.key === null ? told : { outcome: 'unknown' };
  }
}

type Scenario = {
  readonly seed: number;
  readonly calls: readonly Call[];
  readonly faults?: readonly [Fault, ...Fault[]];
  readonly losses?: readonly [Loss, ...Loss[]];
  readonly client?: Client;
};
type Outcome = { readonly violations: readonly string[]; readonly injected: readonly string[] };

async function play(auditor: Asks, { seed, calls, client = CAREFUL, ...kinds }: Scenario): Promise<Outcome> {
  const make = () => aTenant(worlds[0], { owner, credits: 40 });
  const tenants = await Promise.all([make(), make(), make()]);
  const ids = tenants.map(({ id }) => id);
  const tenantOf = ({ workspace }: Call) => tenants[workspace as 0 | 1 | 2]; // no other is drawn
  const descriptionOf = ({ key, kind, amount }: Call, index: number) =>
    key === null ? `call ${index}` : `${kind} ${key} of ${amount}`;
  const claim = (call: Call, index: number, told: Told): Claim => {
    const { id: workspaceId } = tenantOf(call);
    const key = call.key === null ? null : `${call.kind} ${call.key}`;
    return { workspaceId, description: descriptionOf(call, index), key, told };
  };

  for (const [process, one] of faults.entries()) one.arm(seededPlan(2 * seed + process, { rate: 0.4, ...kinds }));
  const told = await Promise.allSettled(
    calls.map((call, index) => insist(client, tenantOf(call), call, index, descriptionOf(call, index))),
  );
  const injected = faults.flatMap((one, process) => one.disarm().map((line) => `process ${process} ${line}`));
  const strange = told.flatMap((one) => (one.status === 'rejected' ? [`unexpected: ${one.reason}`] : []));
  const claims = calls.flatMap((call, index) => {
    const one = told[index];
    return one?.status === 'fulfilled' ? [claim(call, index, one.value)] : [];
  });
  const before = [...(await checkLedger(auditor, ids)), ...(await checkClaims(auditor, claims))];

  // With credits for everything now, whoever was refused under a key must be refused again.
  for (const { scope } of tenants)
    await worlds[1].services.billing.addCredits(scope, { amount: 1_000, description: 'top-up' });
  const keyed = calls.map((call, index) => ({ call, index })).filter(({ call }) => call.key !== null);
  const again = await Promise.all(
    keyed.map(async ({ call, index }) =>
      claim(call, index, await ask(worlds[0], tenantOf(call), call, descriptionOf(call, index))),
    ),
  );
  const after = [...(await checkLedger(auditor, ids)), ...(await checkClaims(auditor, [...claims, ...again]))];
  const open = again.filter((one) => one.told.outcome === 'unknown' || one.told.outcome === 'notDone');
  const undecided = open.map(({ description }) => `${description} has no answer although nothing fails any more`);
  const reports = await Promise.all(ids.map((id) => worlds[1].ledgerAudit.verifyWorkspace(id)));
  const diverging = reports.flatMap((report) =>
    report?.intact ? [] : [`the product's own verification finds ${report?.divergence?.message ?? 'no account'}`],
  );
  return { violations: [...new Set([...strange, ...before, ...after, ...undecided, ...diverging])], injected };
}

const someCalls = fc.array(aCall, { minLength: 3, maxLength: 12 });
const aSeed = fc.integer({ min: 0, max: 2 ** 30 });

/**
 * Invariant: however connections break and PostgreSQL gives up, the ledger adds up; a key has at most one effect and one answer
 * for ever, refusals included; what was answered as done is there exactly once; a call without a key takes effect at most once, and
 * not at all when its caller was told to try again; each entry has its audit entry and its event.
 *
 * What befalls the n-th transaction of a process is a function of the seed. Which call that transaction serves is not: it
 * depends on how the calls in flight are interleaved, so a counterexample may need several runs to show itself again.
 */
// Shrinking a counterexample takes longer than finding none.
test('under faults the ledger keeps its word', { timeout: 120_000 }, async () => {
  const seen = new Set<string>();
  const property = (auditor: Asks) =>
    fc.asyncProperty(fc.noShrink(aSeed), someCalls, async (seed, calls) => {
      const { violations, injected } = await play(auditor, { seed, calls });
      for (const line of injected) seen.add(line.replace(/^.*#\d+ /, '').replace(/ at .*/, ''));
      if (violations.length > 0)
        throw new Error([`seed ${seed}`, ...violations, 'The faults were:', ...injected].join('\n  '));
    });
  await withClient(database.url, (auditor) => fc.assert(property(auditor), { numRuns: 100 }));
  // Each kind of fault has really been met.
  for (const fault of ['refused', 'deadlock', 'serializationFailure', 'serializationFailureAtCommit'])
    expect(seen).toContain(fault);
  for (const lost of ['lostInStatement', 'lostBeforeCommit', 'lostAfterCommit'])
    for (const loss of ['terminated', 'reset', 'closed']) expect(seen).toContain(`${lost} (${loss})`);
});

/** Plays broken scenarios until one is caught; gives what was said of it. */
async function firstViolation(broken: Omit<Scenario, 'seed' | 'calls'>): Promise<readonly string[]> {
  const calls: readonly Call[] = Array.from({ length: 8 }, (_, index) => ({
    ...{ workspace: index % 3, kind: 'debit', amount: 10, key: null },
  }));
  return withClient(database.url, async (auditor) => {
    for (let seed = 0; seed < 20; seed += 1) {
      const { violations } = await play(auditor, { seed, calls, faults: ['lostAfterCommit'], ...broken });
      if (violations.length > 0) return violations;
    }
    return [];
  });
}

test('a client that repeats, without a key, what nobody knows of is caught', async () => {
  const violations = await firstViolation({ client: { repeatsUnknownWithoutKey: true } });
  expect(violations).toContainEqual(expect.stringMatching(/took effect \d times/));
});

test('a lost COMMIT that is taken for a mere conflict is caught', async () => {
  const violations = await firstViolation({ losses: ['conflict'] });
  expect(violations).toContainEqual(expect.stringMatching(/took effect \d times/));
});

test('what is right is not caught: the same calls, with honest losses and a careful client', async () => {
  expect(await firstViolation({})).toEqual([]);
});

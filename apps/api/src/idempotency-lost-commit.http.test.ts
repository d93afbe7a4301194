import { type ProcedureInfo, procedures } from '@morket/rpc';
import { aTenant, createWorld, type Tenant, unique, type World } from '@morket/testing';
import { type Fault, type Loss, UNHARMED } from '@morket/testing/fault-plan';
import { createFaults } from '@morket/testing/faulty-adapter';
import { type Answer, call, TRANSPORTS, type Transport } from '@morket/testing/http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const faults = createFaults();
let world: World;
let tenant: Tenant;
beforeAll(async () => {
  world = await createWorld({ wrapAdapter: faults.wrapAdapter, env: { LOG_LEVEL: 'silent' } });
  tenant = await aTenant(world, { credits: 1_000 });
});
afterAll(() => world.close());

/** One is kept by the answers to requests, the other by the ledger. */
const CASES = {
  'workspace.create': { input: () => ({ name: 'Acme' }), count: countWorkspaces },
  'billing.debit': {
    input: () => ({ workspaceId: tenant.id, amount: 1, description: 'x' }),
    count: () => world.db.read.creditTransaction.count({ where: { workspaceId: tenant.id, type: 'debit' } }),
  },
} as const;
type Path = keyof typeof CASES;

async function countWorkspaces(): Promise<number> {
  return (await world.services.workspaces.list(tenant.owner.scope, { page: 1, limit: 1 })).total;
}

const MAX_TRIES = 10;
/** Of the transactions and single statements that a call begins. */
const PLACES = [0, 1, 2];
/** What befalls connections, and COMMIT. */
const FAULTS = [
  ...(['refused', 'lostInStatement', 'lostBeforeCommit', 'lostAfterCommit'] as const),
  'serializationFailureAtCommit',
] as const satisfies readonly Fault[];

/** Sends a call as the client does: again under the same key for as long as it is told to come again. */
async function insist(transport: Transport, path: Path, key: string): Promise<Answer & { readonly tries: number }> {
  const { input } = CASES[path];
  const options = { token: tenant.owner.accessToken, headers: { 'idempotency-key': key } };
  for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
    const answer = await call(world, transport, theProcedure(path), input(), options);
    const mayTryAgain = answer.status === 503 || answer.code === 'idempotency.in_progress';
    if (!mayTryAgain) return { ...answer, tries };
  }
  throw new Error(`${path} was refused ${MAX_TRIES} times.`);
}

async function suffer(given: {
  readonly transport: Transport;
  readonly path: Path;
  readonly place: number;
  readonly fault: Fault;
  readonly loss: Loss;
}) {
  const { transport, path, place, fault, loss } = given;
  const before = await CASES[path].count();
  faults.arm((ordinal) => (ordinal === place ? { ...UNHARMED, fault, loss, statement: 1 } : UNHARMED));
  const answer = await insist(transport, path, unique());
  const injected = faults.disarm();
  return { answer, injected, effects: (await CASES[path].count()) - before };
}

/** Invariant: whatever breaks on the way of a call, and wherever, a client that repeats it under its key brings about one effect. */
describe('exactly once over HTTP', () => {
  const LOSSES: readonly Loss[] = ['terminated', 'reset', 'closed'];
  for (const transport of TRANSPORTS) {
    for (const path of Object.keys(CASES) as Path[]) {
      test(`${path} over ${transport}`, async () => {
        let harmed = 0;
        for (const place of PLACES) {
          for (const [index, fault] of FAULTS.entries()) {
            const loss = LOSSES[index % LOSSES.length] ?? 'reset';
            const { answer, injected, effects } = await suffer({ transport, path, place, fault, loss });
            const what = `${fault} (${loss}) at ${place}: ${injected.join(', ')}`;
            expect([what, answer.code, effects]).toEqual([what, null, 1]);
            harmed += injected.length;
          }
        }
        expect(harmed).toBeGreaterThanOrEqual(FAULTS.length);
      });
    }
  }
});

test.each(TRANSPORTS)(
  'over %s a COMMIT whose answer is lost is looked up: the first try gets its own answer',
  async (transport) => {
    const suffered = [];
    for (const place of PLACES) {
      suffered.push(
        await suffer({ transport, path: 'workspace.create', place, fault: 'lostAfterCommit', loss: 'reset' }),
      );
    }
    const atCommit = suffered.filter(({ injected }) => injected.some((line) => line.endsWith('at COMMIT')));
    expect(atCommit).toHaveLength(1);
    for (const { answer, effects } of atCommit) {
      expect([answer.tries, answer.headers['idempotency-replayed'], effects]).toEqual([1, undefined, 1]);
    }
  },
);

function theProcedure(path: Path): ProcedureInfo {
  const found = procedures().find((procedure) => procedure.path === path);
  if (!found) throw new Error(`There is no procedure ${path}.`);
  return found;
}

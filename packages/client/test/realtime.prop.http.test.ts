import { record } from '@morket/domain/record';
import { aTenant, type Person, type Tenant, unique, useWorld } from '@morket/testing';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { type Clock, createMorket, memoryTokens, type RealtimeEvent } from '../src/index.ts';
import { startCuttingProxy } from './cutting-proxy.ts';

const world = useWorld();
let tenant: Tenant;
let port: number;
beforeAll(async () => {
  tenant = await aTenant(world);
  port = Number(new URL(await world.app.listen({ host: '127.0.0.1', port: 0 })).port);
});

/** Does not wait between two attempts. */
const hasty: Clock = { now: Date.now, random: () => 0, sleep: async () => undefined };

const tokensOf = ({ accessToken, refreshToken, expiresIn, user }: Person) =>
  memoryTokens({
    ...{ accessToken, refreshToken, expiresIn, userId: user.id, receivedAt: Date.now() },
    ...{ refreshKey: unique(), signInId: unique() },
  });

const WORLD_END = 'form.world_ended';

/** The entities that one transaction changes, in the order of their locks. */
const work = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 }).map((names) => names.toSorted());
/** Bytes that come back over a connection before it is cut: within the head, in the middle of a message, or after some. */
const budgets = fc.array(fc.integer({ min: 0, max: 4_000 }), { maxLength: 5 });
const CLIENTS = 5;
const RUNS = 20;

const nameOf = (transaction: number) => `form.changed_${String.fromCharCode(97 + transaction)}`;

/** Transactions that run at once, and lock what they change only after they have got their number. */
const change = (run: string, entities: readonly string[], index: number) =>
  world.db.transaction(async (tx) => {
    const write = (name: string, id: string) =>
      record(tx, tenant.scope, { name, version: 1, aggregate: { type: 'form', id }, payload: {} });
    await write('form.begun', `${run} ${index}`);
    for (const entity of entities) {
      await tx.$executeRaw`select pg_advisory_xact_lock(hashtextextended(${`${run} ${entity}`}, 0))`;
      await write(nameOf(index), `${run} ${entity}`);
    }
  });

let connections = 0;

/** What a client is told of this run, over a connection that is cut again and again. */
async function hear(run: string, cuts: readonly number[], onReady: () => void): Promise<RealtimeEvent[]> {
  const proxy = await startCuttingProxy(port, cuts);
  const morket = createMorket({ url: proxy.url, tokens: tokensOf(tenant.owner), clock: hasty, workspaceId: tenant.id });
  const heard: RealtimeEvent[] = [];
  try {
    for await (const message of morket.realtime.subscribe()) {
      if (message.kind === 'ready') onReady();
      if (message.kind === 'reset') throw new Error(`nothing is to be forgotten: ${message.reason}`);
      if (message.kind !== 'event' || !message.entityId.startsWith(run)) continue;
      if (message.name === WORLD_END) return heard;
      heard.push(message);
    }
    throw new Error('the stream does not end by itself');
  } finally {
    connections += proxy.connections();
    await proxy.stop();
  }
}

/**
 * Invariant: wherever the connection is cut and however transactions overlap, a listener is told of every event that was committed
 * after it was ready, once, and of the events of one entity in their order.
 */
test('each event once and in order, over connections that break', async () => {
  const asked = fc.record({
    transactions: fc.array(work, { minLength: 2, maxLength: 4 }),
    cuts: fc.array(budgets, { minLength: CLIENTS, maxLength: CLIENTS }),
  });
  await fc.assert(
    fc.asyncProperty(asked, async ({ transactions, cuts }) => {
      const run = unique();
      const ready = cuts.map(() => Promise.withResolvers<void>());
      const hearing = cuts.map((budget, index) => hear(run, budget, () => ready[index]?.resolve()));
      await Promise.race([Promise.all(ready.map(({ promise }) => promise)), Promise.all(hearing)]);
      await Promise.all(transactions.map((entities, index) => change(run, entities, index)));
      await world.db.transaction((tx) =>
        record(tx, tenant.scope, { name: WORLD_END, version: 1, aggregate: { type: 'form', id: run }, payload: {} }),
      );
      const written = await world.db.read.outboxEvent.findMany({
        where: { aggregateId: { startsWith: `${run} ` } },
        orderBy: { seq: 'asc' },
        select: { aggregateId: true, name: true, seq: true },
      });
      for (const heard of await Promise.all(hearing)) {
        const keyOf = (entityId: string, name: string, version: number | bigint) => `${entityId} ${name} ${version}`;
        expect(heard.map(({ entityId, name, version }) => keyOf(entityId, name, version)).toSorted()).toEqual(
          written.map(({ aggregateId, name, seq }) => keyOf(aggregateId, name, seq)).toSorted(),
        );
        for (const events of Map.groupBy(heard, ({ entityId }) => entityId).values()) {
          const versions = events.map(({ version }) => version);
          expect(versions).toEqual(versions.toSorted((one, other) => one - other));
        }
      }
    }),
    { numRuns: RUNS },
  );
  // Else nothing was cut.
  expect(connections).toBeGreaterThan(2 * RUNS * CLIENTS);
});

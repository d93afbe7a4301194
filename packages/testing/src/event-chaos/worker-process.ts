/** A worker of the product with the consumers of the chaos run; killed as it goes. */
import { configure } from '@morket/api/configuration';
import { parseEnv } from '@morket/api/env';
import { createLogger } from '@morket/api/logger';
import type { StoredEvent } from '@morket/contract/events';
import { createDb, type Tx } from '@morket/db';
import { type Consumer, createRelay, defineConsumer } from '@morket/domain/events';
import { composeWorker } from '@morket/worker/compose';
import type { ChaosConsumer } from './books.ts';

const FAILS_OF_256 = 6;

const env = parseEnv(process.env);
if ('problems' in env) throw new Error(env.problems.join('\n'));
const configuration = await configure(env);
const databaseUrl = env.DATABASE_URL ?? '';
const log = createLogger(env);
const db = createDb({ url: databaseUrl });

const store = (tx: Tx, consumer: ChaosConsumer, events: readonly StoredEvent[]) => tx.$executeRaw`
  insert into chaos_effects (consumer, aggregate, n, seen)
  select ${consumer}, a, n, (select coalesce(max(e.n), 0) from chaos_effects e where e.consumer = ${consumer} and e.aggregate = a)
    from rows from (json_to_recordset(${JSON.stringify(
      events.map(({ aggregate, payload }) => ({ a: aggregate.id, n: payload.n })),
    )}::json) as (a text, n int)) with ordinality as given (a, n, place) order by place`;

const consumer = (name: ChaosConsumer, more: Partial<Consumer> = {}): Consumer =>
  defineConsumer({
    name,
    events: ['chaos.happened'],
    handle: async (tx, event) => void (await store(tx, name, [event])),
    ...more,
  });

const consumers = [
  consumer('sets', { handleAll: async (tx, events) => void (await store(tx, 'sets', events)) }),
  consumer('single'),
  consumer('flaky', {
    handle: async (tx, event) => {
      await store(tx, 'flaky', [event]);
      const [chance = 0] = crypto.getRandomValues(new Uint8Array(1));
      if (chance < FAILS_OF_256) throw new Error('by chance');
    },
  }),
];

/** How it would be without notes of what was processed: there to be caught. */
function startForgetful(): void {
  createRelay({
    ...{ db, log, batchSize: 50 },
    transport: {
      publish: async (events) => {
        await db.transaction(async (tx) => {
          for (const { name } of consumers) await store(tx, name as ChaosConsumer, events); // the names are from above
        });
        await new Promise((resolve) => setTimeout(resolve, 30));
      },
      close: async () => undefined,
    },
  }).start();
}

if (process.env.CHAOS_FORGETFUL === '1') startForgetful();
else {
  composeWorker({
    ...{ db, databaseUrl, log, configuration, consumers, loops: [] },
    retryDelaysMs: Array(40).fill(100),
  }).start();
}
process.stdout.write('running\n');

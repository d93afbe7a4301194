import { setTimeout as delay } from 'node:timers/promises';
import { createDb } from '@morket/db';
import { systemActing } from '@morket/domain/access';
import { record } from '@morket/domain/record';
import type { SeededRandom } from '../seeded-random.ts';

export type Writers = {
  /** Lets every writer finish what it has begun. */
  stop(): Promise<void>;
};

const WORKSPACE_ID = '019aa2c4-0000-7000-8000-0000000000c4';
const MAX_EVENTS_AT_ONCE = 3;
/** Of a hundred transactions, so many take their time between writing and committing, so that numbers are committed out of order. */
const SLOW_PERCENT = 10;

/** Writes events as the product does: the aggregate is locked, counted, recorded; some transactions are slow, and some are given up at the end. */
export function startWriters(options: {
  readonly databaseUrl: string;
  readonly random: SeededRandom;
  readonly aggregates: readonly [string, ...string[]];
  readonly count: number;
}): Writers {
  const { databaseUrl, random, aggregates, count } = options;
  const db = createDb({ url: databaseUrl, poolSize: count });
  let isStopping = false;

  async function write(): Promise<void> {
    const [id, events] = [random.pick(aggregates), random.integer(1, MAX_EVENTS_AT_ONCE)];
    const [pauseMs, isGivenUp] = [
      random.integer(1, 100) <= SLOW_PERCENT ? random.integer(5, 40) : 0,
      random.next() < 0.05,
    ];
    await db.transaction(async (tx) => {
      for (let event = 0; event < events; event += 1) {
        const [row] = await tx.$queryRaw<
          { n: number }[]
        >`update chaos_aggregates set n = n + 1 where id = ${id} returning n`;
        const aggregate = { type: 'chaos', id };
        const happened = { name: 'chaos.happened', version: 1, aggregate, payload: { n: row?.n ?? 0 } };
        await record(tx, systemActing(WORKSPACE_ID, 'chaos'), happened);
      }
      if (pauseMs > 0) await delay(pauseMs);
      if (isGivenUp) throw new GivenUp();
    });
  }

  const running = Promise.all(
    Array.from({ length: count }, async () => {
      // Whatever fails is in the books or is not, together with its event.
      while (!isStopping) await write().catch((err: unknown) => (err instanceof GivenUp ? undefined : delay(20)));
    }),
  );
  return {
    stop: async () => {
      isStopping = true;
      await running;
      await db.close();
    },
  };
}

class GivenUp extends Error {}

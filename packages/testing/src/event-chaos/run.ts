import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../seeded-random.ts';
import { audit, countLeft, openBooks, withPg } from './books.ts';
import { startWorkers } from './workers.ts';
import { startWriters } from './writers.ts';

export type EventChaosOptions = {
  /** An empty, migrated database of the run's own. */
  readonly databaseUrl: string;
  /** Decides what is written, whom each kill hits and when. */
  readonly seed: number;
  readonly workers: number;
  /** SIGKILLs of workers, and connections of workers that are cut. */
  readonly kills: number;
  readonly cuts: number;
  readonly writers?: number;
  readonly aggregates?: number;
  /** True is there to show that effects brought about twice would be noticed. */
  readonly forgetful?: boolean;
  readonly onBlow?: (blow: string, number: number) => void;
};

export type EventChaosReport = {
  readonly events: number;
  readonly blows: number;
  /** From the last event written until everything was delivered. */
  readonly drainedAfterMs: number;
  readonly violations: readonly string[];
};

const BETWEEN_BLOWS_MS = { min: 50, max: 500 };
const STUCK_AFTER_MS = 60_000;

/** Kills workers under load and compares the effects with what was written. Throws when delivery does not come to an end. */
export async function runEventChaos(options: EventChaosOptions): Promise<EventChaosReport> {
  const { databaseUrl, seed, workers: count, kills, cuts, onBlow = () => undefined, forgetful = false } = options;
  const random = seededRandom(seed);
  const aggregates = Array.from({ length: options.aggregates ?? 60 }, () => randomUUID());
  const [first = randomUUID(), ...others] = aggregates;
  await openBooks(databaseUrl, aggregates);
  const workers = await startWorkers({ databaseUrl, count, forgetful });
  try {
    const writers = startWriters({
      ...{ databaseUrl, random: seededRandom(seed, 1), aggregates: [first, ...others], count: options.writers ?? 4 },
    });
    try {
      for (let blow = 1; blow <= kills + cuts; blow += 1) {
        await delay(random.integer(BETWEEN_BLOWS_MS.min, BETWEEN_BLOWS_MS.max));
        const isKill = random.next() < kills / (kills + cuts);
        if (isKill) await workers.kill(random.integer(0, count - 1));
        else await cutConnections(databaseUrl);
        onBlow(isKill ? 'a worker is killed' : 'connections are cut', blow);
      }
    } finally {
      await writers.stop();
    }
    const drainedAfterMs = await untilDelivered(databaseUrl);
    const { events, violations } = await audit(databaseUrl);
    return { events, blows: kills + cuts, drainedAfterMs, violations: [...violations, ...workers.complaints()] };
  } finally {
    await workers.end();
  }
}

/** Ends a random half of the connections that hold a queue or a consumer: the transaction goes, its process stays. */
function cutConnections(databaseUrl: string): Promise<unknown> {
  return withPg(databaseUrl, (client) =>
    client.query(`
      select pg_terminate_backend(pid) from pg_locks
       where locktype = 'advisory' and classid in (1871402, 1871403) and granted and random() < 0.5
         and database = (select oid from pg_database where datname = current_database())`),
  );
}

async function untilDelivered(databaseUrl: string): Promise<number> {
  const begunAt = performance.now();
  return withPg(databaseUrl, async (client) => {
    let [least, progressAt] = [Number.POSITIVE_INFINITY, performance.now()];
    for (;;) {
      const left = await countLeft(client);
      if (left === 0) return Math.round(performance.now() - begunAt);
      if (left < least) [least, progressAt] = [left, performance.now()];
      if (performance.now() - progressAt > STUCK_AFTER_MS)
        throw new Error(`${left} events are not delivered any more.`);
      await delay(50);
    }
  });
}

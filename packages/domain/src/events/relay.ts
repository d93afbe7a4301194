import { randomInt } from 'node:crypto';
import type { Db } from '@morket/db';
import { PARTITIONS } from '../record/index.ts';
import { backoffMs } from './backoff.model.ts';
import { type EventLog, type EventObserver, observerOf } from './observer.ts';
import { waitingPartitions } from './outbox.repo.ts';
import { createPause } from './pause.ts';
import { createRelayPass } from './relay-pass.ts';
import type { EventTransport } from './transport.ts';

export type RelayOptions = {
  readonly db: Db;
  readonly transport: EventTransport;
  readonly log: EventLog;
  readonly observer?: Partial<EventObserver> | undefined;
  readonly batchSize?: number | undefined;
  /** Batches that are worked on at once. */
  readonly lanes?: number | undefined;
  readonly publishTimeoutMs?: number | undefined;
  readonly backoff?: { readonly floorMs: number; readonly ceilingMs: number } | undefined;
};

const BATCH_SIZE = 500;
const LANES = 2;
/** Twice this, for a batch and then for its events one by one, has to fit into an idle transaction of 10 s. */
const PUBLISH_TIMEOUT_MS = 4_500;
const BACKOFF = { floorMs: 250, ceilingMs: 30_000 };
/** What waits a little in many queues goes out as one batch: a transaction for each queue would cost more than its events. */
const QUEUES_TOGETHER = 16;
/** When nobody calls: as long as an event of another process waits at most. */
const POLL_MS = 200;
/** After a call: what is committed meanwhile goes into the same batch. */
const GATHER_MS = 10;
/** What is older is looked for only now and then: every table more costs every poll. */
const RECENT_MS = 24 * 3_600_000;
const DEEP_EVERY_MS = 30_000;

type Failing = { readonly failures: number; readonly until: number };

/**
 * Takes what waits in the outbox to the transport: at least once, in order for each aggregate. Any number of relays share the queues, each
 * queue being one relay's at a time; one that dies loses its locks with its connection, and what it had not marked comes again.
 */
export function createRelay(options: RelayOptions) {
  const { db, transport, log, batchSize = BATCH_SIZE, lanes = LANES, backoff = BACKOFF } = options;
  const pass = createRelayPass({
    ...{ db, transport, log, batchSize, observer: observerOf(options.observer) },
    publishTimeoutMs: options.publishTimeoutMs ?? PUBLISH_TIMEOUT_MS,
  });
  const pause = createPause();
  const first = randomInt(PARTITIONS);
  const failing = new Map<number, Failing>();
  let deepAt = 0;
  let isStopping = false;

  const isReady = (partition: number): boolean => (failing.get(partition)?.until ?? 0) <= performance.now();

  function noteFailure(partition: number): void {
    const failures = (failing.get(partition)?.failures ?? 0) + 1;
    const until = performance.now() + backoffMs(failures, backoff, randomInt(1_000) / 1_000);
    failing.set(partition, { failures, until });
  }

  /** Works on some queues until they are empty, failing or somebody else's; gives the number of events that went out. */
  async function drainQueues(partitions: readonly number[]): Promise<number> {
    let published = 0;
    for (let left = partitions; left.length > 0 && !isStopping; ) {
      const outcome = await pass(left);
      published += outcome.published;
      for (const partition of outcome.held) if (!outcome.failed.includes(partition)) failing.delete(partition);
      for (const partition of outcome.failed) noteFailure(partition);
      left = outcome.unfinished.filter((partition) => !outcome.failed.includes(partition));
    }
    return published;
  }

  /** Queues that are worked on together, those of our own beginning first; one that has failed is worked on alone. */
  function batchesOf(waiting: readonly number[]): number[][] {
    const ready = waiting.filter(isReady).sort((a, b) => fromFirst(a) - fromFirst(b));
    const sound = ready.filter((partition) => !failing.has(partition));
    const size = Math.max(1, Math.min(QUEUES_TOGETHER, Math.ceil(sound.length / lanes)));
    const together = Array.from({ length: Math.ceil(sound.length / size) }, (_, n) =>
      sound.slice(n * size, (n + 1) * size),
    );
    return [...together, ...ready.filter((partition) => failing.has(partition)).map((partition) => [partition])];
  }

  /** Looks once what waits and takes it out; gives the number of events that went out. */
  async function round(): Promise<number> {
    const isDeep = performance.now() >= deepAt;
    const waiting = await waitingPartitions(db.points, isDeep ? null : new Date(Date.now() - RECENT_MS));
    if (isDeep) deepAt = performance.now() + DEEP_EVERY_MS;
    const batches = batchesOf(waiting);
    let published = 0;
    const lane = async () => {
      for (let batch = batches.shift(); batch !== undefined && !isStopping; batch = batches.shift()) {
        const partitions = batch;
        const count = await drainQueues(partitions).catch((err: unknown) => {
          for (const partition of partitions) noteFailure(partition);
          log.error({ err, partitions }, 'the relay cannot work on queues');
          return 0;
        });
        published += count;
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    return published;
  }
  const fromFirst = (partition: number) => (partition - first + PARTITIONS) % PARTITIONS;

  async function run(): Promise<void> {
    for (let failures = 0; !isStopping; ) {
      try {
        const published = await round();
        failures = 0;
        if (published === 0) await pause.wait(POLL_MS, GATHER_MS);
      } catch (err) {
        failures += 1;
        log.error({ err }, 'the relay cannot read the outbox');
        await pause.sit(backoffMs(failures, backoff, 0.5));
      }
    }
  }

  return {
    /** Something may have been committed: do not wait for the next poll. */
    wake: pause.wake,
    /** Publishes until nothing waits that is not failing; gives the number of events. For those who will not wait for a loop. */
    drain: async (): Promise<number> => {
      let total = 0;
      for (let published = -1; published !== 0; total += published) {
        deepAt = 0;
        published = await round();
      }
      return total;
    },
    start: () => {
      const running = run();
      return {
        /** Resolves when the batches under way are done; what they leave is another relay's at once. */
        stop: async () => {
          isStopping = true;
          pause.over();
          await running;
        },
      };
    },
  };
}

export type Relay = ReturnType<typeof createRelay>;

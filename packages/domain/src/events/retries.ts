import type { Db } from '@morket/db';
import type { Consumer } from './consumer.ts';
import { type EventLog, type EventObserver, observerOf } from './observer.ts';
import { dueConsumers } from './parked.repo.ts';
import { createPause } from './pause.ts';
import { RETRY_DELAYS_MS } from './retry-delays.ts';
import { createRetryLane } from './retry-lane.ts';

export type RetriesOptions = {
  readonly db: Db;
  readonly consumers: readonly Consumer[];
  readonly log: EventLog;
  readonly observer?: Partial<EventObserver> | undefined;
  readonly retryDelaysMs?: readonly number[] | undefined;
};

const POLL_MS = 1_000;
const GATHER_MS = 50;

/** Works on the consumers' own queues: each at its own pace, none waiting for another. */
export function createRetries(options: RetriesOptions) {
  const { db, consumers, log, retryDelaysMs = RETRY_DELAYS_MS } = options;
  const observer = observerOf(options.observer);
  const lanes = consumers.map((consumer) => createRetryLane({ db, consumer, log, observer, retryDelaysMs }));
  const names = lanes.map(({ name }) => name);
  const busy = new Map<string, Promise<void>>();
  const pause = createPause();
  let isStopping = false;

  /** Until nothing is due any more; a failure of the database leaves the rest to the next poll. */
  async function work(lane: (typeof lanes)[number]): Promise<void> {
    try {
      for (let done = -1; done !== 0 && !isStopping; ) done = await lane.round();
    } catch (err) {
      log.error({ err, consumer: lane.name }, 'the queue of a consumer cannot be worked on');
    } finally {
      busy.delete(lane.name);
    }
  }

  async function begin(): Promise<void> {
    const due = new Set(names.length === 0 ? [] : await dueConsumers(db.points, names));
    for (const lane of lanes) if (due.has(lane.name) && !busy.has(lane.name)) busy.set(lane.name, work(lane));
  }

  async function run(): Promise<void> {
    while (!isStopping) {
      await begin().catch((err: unknown) => log.error({ err }, 'the queues of the consumers cannot be read'));
      await pause.wait(POLL_MS, GATHER_MS);
    }
  }

  return {
    wake: pause.wake,
    /** Takes up once what is due now, and what becomes due by it. */
    drain: async (): Promise<void> => {
      await begin();
      await Promise.all(busy.values());
    },
    start: () => {
      const running = run();
      return {
        stop: async () => {
          isStopping = true;
          pause.over();
          await running;
          await Promise.all(busy.values());
        },
      };
    },
  };
}

export type Retries = ReturnType<typeof createRetries>;

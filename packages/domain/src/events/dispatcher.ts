import type { StoredEvent } from '@morket/contract/events';
import type { Db } from '@morket/db';
import { type Consumer, takes } from './consumer.ts';
import { createLane } from './lane.ts';
import { type EventLog, type EventObserver, observerOf } from './observer.ts';
import { RETRY_DELAYS_MS } from './retry-delays.ts';

export type DispatcherOptions = {
  readonly db: Db;
  readonly consumers: readonly Consumer[];
  readonly log: EventLog;
  readonly observer?: Partial<EventObserver> | undefined;
  /** How long a consumer may keep one delivery; what it has not done by then waits in a queue of its own. */
  readonly laneMs?: number | undefined;
  readonly retryDelaysMs?: readonly number[] | undefined;
};

const LANE_MS = 3_000;

/** Names appear in the database: two consumers of one name would take each other's events for done. */
function assertDistinct(consumers: readonly Consumer[]): void {
  const names = new Set(consumers.map(({ name }) => name));
  if (names.size !== consumers.length) throw new Error('Two consumers have one name.');
}

/**
 * Hands events to every consumer that asked for them, to all at once and to each in order. `deliver` resolves when each consumer has brought
 * its effects about, or has the events in its own queue of those to be tried again; it rejects only when the database takes neither.
 */
export function createDispatcher(options: DispatcherOptions) {
  const { db, consumers, log, laneMs = LANE_MS, retryDelaysMs = RETRY_DELAYS_MS } = options;
  assertDistinct(consumers);
  const observer = observerOf(options.observer);
  const [retryInMs = 0] = retryDelaysMs;
  const lanes = consumers.map((consumer) => ({
    consumer,
    lane: createLane({ db, consumer, log, observer, laneMs, retryInMs }),
  }));

  return {
    deliver: async (events: readonly StoredEvent[]): Promise<void> => {
      const outcomes = await Promise.allSettled(
        lanes.map(async ({ consumer, lane }) => {
          const wanted = events.filter(({ name }) => takes(consumer, name));
          if (wanted.length > 0) await lane.take(wanted);
        }),
      );
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    },
  };
}

export type Dispatcher = ReturnType<typeof createDispatcher>;

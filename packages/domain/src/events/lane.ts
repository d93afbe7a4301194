import type { StoredEvent } from '@morket/contract/events';
import type { Db } from '@morket/db';
import { createBatchSize } from './batch-size.ts';
import type { Consumer } from './consumer.ts';
import * as repo from './delivery.repo.ts';
import { failureText } from './failure-text.ts';
import { handleInOrder } from './handling.ts';
import { briefOf, type EventLog, type EventObserver } from './observer.ts';
import { within } from './within.ts';

type Deps = {
  readonly db: Db;
  readonly consumer: Consumer;
  readonly log: EventLog;
  readonly observer: EventObserver;
  readonly laneMs: number;
  /** The pause before an event that failed is tried again. */
  readonly retryInMs: number;
};

/** What a consumer is given in one transaction at most. */
const MOST = { oneByOne: 100, bySets: 1_000 };
/** So many failures in a row are no matter of the event: the rest is not even tried. */
const HOPELESS_AFTER = 5;
const SHUT = { floorMs: 2_000, ceilingMs: 60_000 };

/**
 * The way of events to one consumer while they are new. It never takes much longer than `laneMs`, because other consumers' next events wait
 * for it: what fails or does not fit goes to the consumer's own queue, and a consumer that is failing or slow altogether gets everything
 * there for a while.
 */
export function createLane({ db, consumer, log, observer, laneMs, retryInMs }: Deps) {
  const sizes = createBatchSize(consumer.handleAll ? MOST.bySets : MOST.oneByOne);
  let overruns = 0;
  let shutUntil = 0;

  /** Throws with nothing done. */
  async function attempt(events: readonly StoredEvent[], limitMs: number): Promise<void> {
    const startedAt = performance.now();
    // no record: a consumer that changes what people see records it itself.
    const work = db.transaction(
      async (tx) => {
        if (!(await repo.tryShareConsumer(tx, consumer.name))) {
          await repo.setAside(tx, consumer.name, events, { attempts: 0, error: null, retryInMs });
          return [];
        }
        const { fresh, behind } = await repo.admit(tx, consumer.name, events);
        const waiting = events.filter(({ id }) => behind.has(id));
        if (waiting.length > 0) {
          await repo.setAside(tx, consumer.name, waiting, { attempts: 0, error: null, retryInMs });
        }
        const mine = events.filter(({ id }) => fresh.has(id));
        await handleInOrder(tx, consumer, mine);
        return mine;
      },
      { timeoutMs: limitMs },
    );
    const handled = await within(limitMs, work);
    if (handled.length > 0) observer.handled(consumer.name, handled, performance.now() - startedAt);
  }

  async function putAside(events: readonly StoredEvent[], err: unknown): Promise<void> {
    if (events.length === 0) return;
    const how = { attempts: err === null ? 0 : 1, error: err === null ? null : failureText(err), retryInMs };
    // no record: the event is where it was, only later.
    await db.transaction((tx) => repo.setAside(tx, consumer.name, events, how));
  }

  async function leaveRest(events: readonly StoredEvent[], why: string): Promise<void> {
    overruns += 1;
    shutUntil = performance.now() + Math.min(SHUT.ceilingMs, SHUT.floorMs * 2 ** Math.min(10, overruns - 1));
    log.warn({ consumer: consumer.name, events: events.length }, `${why}: its events wait in its own queue`);
    await putAside(events, null);
  }

  async function noteFailure(event: StoredEvent, err: unknown): Promise<void> {
    await putAside([event], err);
    log.warn({ err, consumer: consumer.name, ...briefOf(event) }, 'a consumer failed with an event');
    observer.failed(consumer.name, event);
  }

  /** Events in portions, smaller ones after a failure, until the one that fails stands alone. */
  async function take(events: readonly StoredEvent[]): Promise<void> {
    if (performance.now() < shutUntil) return putAside(events, null);
    const deadline = performance.now() + laneMs;
    let failedAlone = 0;
    for (let left = events; left.length > 0; ) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return leaveRest(left, 'a consumer is too slow');
      if (failedAlone >= HOPELESS_AFTER) return leaveRest(left, 'a consumer fails with everything');
      const [first, ...others] = left.slice(0, sizes.now());
      if (!first) break;
      const portion = [first, ...others];
      try {
        // Half of what is left, so that a portion that hangs leaves time to find the event that does.
        await attempt(portion, others.length > 0 ? leftMs / 2 : leftMs);
        sizes.succeeded();
        failedAlone = 0;
        left = left.slice(portion.length);
      } catch (err) {
        sizes.failed();
        if (others.length > 0) continue;
        failedAlone += 1;
        await noteFailure(first, err);
        left = left.slice(1);
      }
    }
    overruns = 0;
  }

  return { take };
}

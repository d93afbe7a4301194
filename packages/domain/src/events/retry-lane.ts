import type { StoredEvent } from '@morket/contract/events';
import type { Db } from '@morket/db';
import { createBatchSize } from './batch-size.ts';
import type { Consumer } from './consumer.ts';
import { admitInTurn, tryShareConsumer } from './delivery.repo.ts';
import { aggregateKey } from './event-json.ts';
import { failureText } from './failure-text.ts';
import { handleInOrder } from './handling.ts';
import { briefOf, type EventLog, type EventObserver } from './observer.ts';
import * as repo from './parked.repo.ts';
import { within } from './within.ts';

type Deps = {
  readonly db: Db;
  readonly consumer: Consumer;
  readonly log: EventLog;
  readonly observer: EventObserver;
  /** Pauses before each further try of an event; after the last one it is given up. */
  readonly retryDelaysMs: readonly number[];
};

const AGGREGATES = 50;
const LIMIT_MS = 8_000;

/** What one look at the queue came to; with a failure nothing was done with the events. */
type Look =
  | { readonly handled: number; readonly cleared: number; readonly failure: null }
  | { readonly failure: { readonly events: readonly [repo.Parked, ...repo.Parked[]]; readonly err: unknown } };

const NOTHING: { readonly handled: readonly StoredEvent[]; readonly cleared: number } = { handled: [], cleared: 0 };

/**
 * The queue of one consumer: events that failed, events behind them, events to be handled once more. It takes them up when they are due, in
 * order for each aggregate, at whatever pace the consumer has. Several processes may work on one queue; each aggregate is one's at a time.
 */
export function createRetryLane({ db, consumer, log, observer, retryDelaysMs }: Deps) {
  const { name } = consumer;

  const sizes = createBatchSize(consumer.handleAll ? 1_000 : 100);

  /** One transaction with up to `size` events. */
  async function look(size: number): Promise<Look> {
    let batch: readonly repo.Parked[] = [];
    const startedAt = performance.now();
    // no record: a consumer that changes what people see records it itself.
    const work = db.transaction(
      async (tx) => {
        // A replay is under way: its end comes by itself, and with it everything that is due.
        if (!(await tryShareConsumer(tx, name))) return NOTHING;
        const held = await repo.holdDue(tx, name, Math.min(AGGREGATES, size));
        if (held.length === 0) return NOTHING;
        const ready = takeable(await repo.firstParked(tx, name, held, Math.ceil(size / held.length)));
        const isReady = new Set(ready.map(({ event }) => aggregateKey(event)));
        const blocked = held.filter((aggregate) => !isReady.has(aggregateKey({ aggregate })));
        const cleared = blocked.length > 0 ? await repo.clearReminders(tx, name, blocked) : 0;
        batch = ready.slice(0, size);
        if (batch.length === 0) return { handled: [], cleared };
        const events = batch.map(({ event }) => event);
        const fresh = await admitInTurn(
          tx,
          name,
          events.map(({ id }) => id),
        );
        await handleInOrder(
          tx,
          consumer,
          events.filter(({ id }) => fresh.has(id)),
        );
        await repo.leaveQueue(tx, name, events);
        return { handled: events, cleared };
      },
      { timeoutMs: LIMIT_MS },
    );
    try {
      const { handled, cleared } = await within(LIMIT_MS, work);
      if (handled.length > 0) observer.handled(name, handled, performance.now() - startedAt);
      return { handled: handled.length, cleared, failure: null };
    } catch (err) {
      const [first, ...others] = batch;
      if (!first) throw err;
      return { failure: { events: [first, ...others], err } };
    }
  }

  async function noteFailure({ event, attempts }: repo.Parked, err: unknown): Promise<void> {
    const retryInMs = retryDelaysMs[attempts] ?? null;
    // no record: nothing has happened.
    await db.transaction((tx) => repo.noteRetry(tx, name, event, { error: failureText(err), retryInMs }));
    const details = { err, consumer: name, ...briefOf(event), attempts: attempts + 1 };
    if (retryInMs === null) {
      log.error(
        details,
        'a consumer gave an event up: a dead letter, with the later events of its aggregate behind it',
      );
      observer.gaveUp(name, event);
    } else {
      log.warn(details, 'a consumer failed with an event again');
      observer.failed(name, event);
    }
  }

  /**
   * Takes up what is due, once; gives 0 when there was nothing to do. After a failure less is taken together, until the event that fails
   * stands alone.
   */
  async function round(): Promise<number> {
    const together = await look(sizes.now());
    if (!together.failure) {
      sizes.succeeded();
      return together.handled + together.cleared;
    }
    sizes.failed();
    const [first, ...others] = together.failure.events;
    if (others.length === 0) await noteFailure(first, together.failure.err);
    return 1;
  }

  return { name, round };
}

/** Of each aggregate, what comes before the first event whose time has not come. */
function takeable(parked: readonly repo.Parked[]): repo.Parked[] {
  const blocked = new Set<string>();
  return parked.filter(({ event, isDue }) => {
    if (!isDue) blocked.add(aggregateKey(event));
    return !blocked.has(aggregateKey(event));
  });
}

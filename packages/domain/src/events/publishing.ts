import type { StoredEvent } from '@morket/contract/events';
import { aggregateKey } from './event-json.ts';
import { EventRefused, type EventTransport } from './transport.ts';
import { within } from './within.ts';

type Failure = { readonly event: StoredEvent; readonly err: unknown };

/** What became of a batch; what is nowhere in it was not tried. */
export type Published = {
  readonly taken: readonly StoredEvent[];
  /** The transport will never take them. */
  readonly refused: readonly Failure[];
  /** Not got through, which says nothing of the event: a part of a transport may be away while the rest of it is well. */
  readonly failed: readonly Failure[];
};

type Options = {
  readonly transport: EventTransport;
  /** For one call of the transport. */
  readonly timeoutMs: number;
};

/** Nothing gets through: what is left of the batch need not be tried. */
const OUTAGE_AFTER = 3;

/**
 * Publishes a batch. When that fails, each event is published alone, to find the one that is the reason; behind one that fails no later
 * event of its aggregate goes out.
 */
export async function publishBatch(events: readonly StoredEvent[], options: Options): Promise<Published> {
  const { transport, timeoutMs } = options;
  const send = (some: readonly StoredEvent[], limitMs: number) => within(limitMs, transport.publish(some));
  const taken: StoredEvent[] = [];
  const refused: Failure[] = [];
  const failed: Failure[] = [];
  const note = (failure: Failure) => (failure.err instanceof EventRefused ? refused : failed).push(failure);
  try {
    await send(events, timeoutMs);
    return { taken: events, refused, failed };
  } catch (err) {
    const [only, ...others] = events;
    if (only && others.length === 0) {
      note({ event: only, err });
      return { taken, refused, failed };
    }
  }
  const behind = new Set<string>();
  const deadline = performance.now() + timeoutMs;
  for (const event of events) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0 || (taken.length === 0 && failed.length >= OUTAGE_AFTER)) break;
    if (behind.has(aggregateKey(event))) continue;
    try {
      await send([event], leftMs);
      taken.push(event);
    } catch (err) {
      note({ event, err });
      behind.add(aggregateKey(event));
    }
  }
  return { taken, refused, failed };
}

import type { StoredEvent } from '@morket/contract/events';
import type { Tx } from '@morket/db';

/** Something that follows from events: rows, written in the transaction that also notes the event as processed. */
export type Consumer = {
  /** Names it in `processed_events` and in dead letters; never reused for another. */
  readonly name: string;
  readonly events: readonly string[] | 'all';
  /**
   * Brings about the effect of one event. Called once for each event in effect, in order for each aggregate. Database work alone: the
   * transaction may be rolled back and the call repeated.
   */
  handle(tx: Tx, event: StoredEvent): Promise<void>;
  /** The same for many in a few statements, in their order, where that is faster; when it fails, each is tried by itself through `handle`. */
  handleAll?(tx: Tx, events: readonly StoredEvent[]): Promise<void>;
};

/** Declares a consumer; the worker runs those its `compose.ts` lists. */
export const defineConsumer = (consumer: Consumer): Consumer => consumer;

/** Whether the consumer asked for events of this name. */
export const takes = (consumer: Pick<Consumer, 'events'>, name: string): boolean =>
  consumer.events === 'all' || consumer.events.includes(name);

import type { StoredEvent } from '@morket/contract/events';
import type { Tx } from '@morket/db';
import type { Consumer } from './consumer.ts';

/** Brings about the effects of events, in their order; as a set where there are several and the consumer can. */
export async function handleInOrder(tx: Tx, consumer: Consumer, events: readonly StoredEvent[]): Promise<void> {
  if (consumer.handleAll && events.length > 1) return consumer.handleAll(tx, events);
  for (const event of events) await consumer.handle(tx, event);
}

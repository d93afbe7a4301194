import type { StoredEvent } from '@morket/contract/events';
import { type EventJson, fromEventJson, toEventJson } from './event-json.ts';

/** Takes events from the relay to those who handle them: at least once, and in order for each aggregate. */
export type EventTransport = {
  /** Resolves once all of them are safe with the other side; else they come again. Throws `EventRefused` for one that never will be. */
  publish(events: readonly StoredEvent[]): Promise<void>;
  close(): Promise<void>;
};

/** The transport is well, and cannot take this event however often it comes: the relay parks it. Anything else that is thrown is tried again. */
export class EventRefused extends Error {}

/** Delivers within the process. As strict as a broker: what arrives has been text in between, so nothing passes that would not survive it. */
export function createInProcessTransport(deliver: (events: readonly StoredEvent[]) => Promise<void>): EventTransport {
  return {
    publish: async (events) => {
      const text = JSON.stringify(events.map(toEventJson));
      const arrived = JSON.parse(text) as readonly EventJson[]; // the text is of the line above
      await deliver(arrived.map(fromEventJson));
    },
    close: async () => undefined,
  };
}

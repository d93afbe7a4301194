import type { StoredEvent } from '@morket/contract/events';

/** Hears what becomes of events; for counters. Calls must not throw and take no time. */
export type EventObserver = {
  /** Handed to the transport. */
  published(events: readonly StoredEvent[]): void;
  /** Effects of a consumer that were committed together; the time is that of their transaction. */
  handled(consumer: string, events: readonly StoredEvent[], durationMs: number): void;
  /** A consumer failed with it; it is tried again. */
  failed(consumer: string, event: StoredEvent): void;
  /** A consumer failed with it too often: a dead letter. */
  gaveUp(consumer: string, event: StoredEvent): void;
  /** The transport refused it: it and the later events of its aggregate stay in the outbox. */
  parked(event: StoredEvent): void;
};

/** The part of a logger that delivery uses. */
export type EventLog = {
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
};

/** An observer that hears what `listeners` want to hear. */
export const observerOf = (listeners: Partial<EventObserver> = {}): EventObserver => ({
  published: (events) => listeners.published?.(events),
  handled: (consumer, events, durationMs) => listeners.handled?.(consumer, events, durationMs),
  failed: (consumer, event) => listeners.failed?.(consumer, event),
  gaveUp: (consumer, event) => listeners.gaveUp?.(consumer, event),
  parked: (event) => listeners.parked?.(event),
});

/** The event as log lines name it. */
export const briefOf = (event: StoredEvent) => ({
  ...{ eventId: event.id, event: event.name, aggregate: `${event.aggregate.type} ${event.aggregate.id}` },
  ...{ workspaceId: event.workspaceId, requestId: event.requestId },
});

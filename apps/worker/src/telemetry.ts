import type { StoredEvent } from '@morket/contract/events';
import type { Reader } from '@morket/db';
import {
  type Consumer,
  type ConsumerLag,
  type EventLag,
  type EventObserver,
  type EventTransport,
  observerOf,
  readConsumerLag,
  readLag,
} from '@morket/domain/events';
import { type SafeFetch, SafeFetchError } from '@morket/domain/safe-fetch';
import type { Span, Telemetry } from '@morket/domain/telemetry';

const secondsSince = (beganMs: number): number => (performance.now() - beganMs) / 1_000;

/** What becomes of events, counted. */
const eventCounters = (telemetry: Telemetry): Partial<EventObserver> => ({
  published: (events) => telemetry.count('morket_relay_events_total', {}, events.length),
  parked: () => telemetry.count('morket_relay_parked_total', {}),
  handled: (consumer, events, durationMs) => {
    telemetry.count('morket_consumer_events_total', { consumer, outcome: 'handled' }, events.length);
    telemetry.observe('morket_consumer_seconds', durationMs / 1_000, { consumer });
  },
  failed: (consumer) => telemetry.count('morket_consumer_events_total', { consumer, outcome: 'failed' }),
  gaveUp: (consumer) => telemetry.count('morket_consumer_events_total', { consumer, outcome: 'gave_up' }),
});

/** An observer that counts, beside one that a test may have. */
export function observedBy(telemetry: Telemetry, other: Partial<EventObserver> = {}): Partial<EventObserver> {
  if (!telemetry.isOn) return other;
  const both = [observerOf(eventCounters(telemetry)), observerOf(other)];
  return {
    published: (events) => {
      for (const one of both) one.published(events);
    },
    handled: (consumer, events, durationMs) => {
      for (const one of both) one.handled(consumer, events, durationMs);
    },
    failed: (consumer, event) => {
      for (const one of both) one.failed(consumer, event);
    },
    gaveUp: (consumer, event) => {
      for (const one of both) one.gaveUp(consumer, event);
    },
    parked: (event) => {
      for (const one of both) one.parked(event);
    },
  };
}

/** All queues are gone through to count what lies in them, however many ask. */
const QUEUES_MS = 10_000;

/** How far delivery is behind, read when somebody asks. */
export function observeLag(read: Reader, telemetry: Telemetry): void {
  let asked = { atMs: Number.NEGATIVE_INFINITY, lag: Promise.resolve<EventLag | null>(null) };
  const lag = async () => {
    // Three gauges are read at once, from one answer.
    if (performance.now() - asked.atMs > 500) asked = { atMs: performance.now(), lag: readLag(read) };
    const known = await asked.lag;
    if (!known) throw new Error('It was asked for above.');
    return known;
  };
  telemetry.gauge('morket_outbox_waiting', async () => [{ labels: {}, value: (await lag()).waiting }]);
  telemetry.gauge('morket_outbox_lag_seconds', async () => [{ labels: {}, value: (await lag()).oldestSeconds }]);
  telemetry.gauge('morket_outbox_parked', async () => [{ labels: {}, value: (await lag()).parked }]);
  let counted = { atMs: Number.NEGATIVE_INFINITY, queues: Promise.resolve<readonly ConsumerLag[]>([]) };
  telemetry.gauge('morket_dead_letters', async () => {
    if (performance.now() - counted.atMs > QUEUES_MS) {
      counted = { atMs: performance.now(), queues: readConsumerLag(read) };
    }
    return (await counted.queues).map(({ consumer, deadLetters }) => ({ labels: { consumer }, value: deadLetters }));
  });
}

const about = ({ id, name }: StoredEvent) => ({ 'morket.event_id': id, 'morket.event_name': name });

/** One piece of work for many events: a span in the trace of each, all as long as the work. */
async function amongTraces(
  telemetry: Telemetry,
  kind: 'outbox.publish' | `consumer.handle ${string}`,
  events: readonly StoredEvent[],
  work: () => Promise<void>,
): Promise<void> {
  const [only, ...others] = events;
  if (only && others.length === 0) {
    return telemetry.span(kind, only.traceparent, (span) => {
      span.set(about(only));
      return work();
    });
  }
  const done = work();
  const spans = events.flatMap((event) => {
    if (event.traceparent === null) return [];
    const tell = (span: Span) => {
      span.set(about(event));
      return done;
    };
    // The work tells its own failure, below.
    return telemetry.span(kind, event.traceparent, tell).catch(() => undefined);
  });
  await done;
  await Promise.all(spans);
}

/** A transport whose batches are timed and are part of the traces of their events. Without telemetry it is the transport itself. */
export function observedTransport(transport: EventTransport, telemetry: Telemetry): EventTransport {
  if (!telemetry.isOn) return transport;
  return {
    close: transport.close,
    publish: async (events) => {
      const beganMs = performance.now();
      try {
        await amongTraces(telemetry, 'outbox.publish', events, () => transport.publish(events));
        telemetry.observe('morket_relay_batch_seconds', secondsSince(beganMs), {});
      } catch (err) {
        telemetry.count('morket_relay_failures_total', {});
        throw err;
      }
    },
  };
}

/** A consumer whose work is part of the traces of its events. Without telemetry it is the consumer itself. */
export function tracedConsumer(consumer: Consumer, telemetry: Telemetry): Consumer {
  if (!telemetry.isOn) return consumer;
  const name = `consumer.handle ${consumer.name}` as const;
  const { handleAll } = consumer;
  return {
    ...consumer,
    handle: (tx, event) => amongTraces(telemetry, name, [event], () => consumer.handle(tx, event)),
    ...(handleAll && {
      handleAll: (tx, events) => amongTraces(telemetry, name, events, () => handleAll.call(consumer, tx, events)),
    }),
  };
}

/** A way out whose attempts are counted, timed, and hand their trace on to the receiver. Without telemetry it is the way itself. */
export function observedFetch(fetch: SafeFetch, telemetry: Telemetry): SafeFetch {
  if (!telemetry.isOn) return fetch;
  return {
    ...fetch,
    send: (request) =>
      telemetry.span('webhook.deliver', request.headers?.traceparent, async (span) => {
        const beganMs = performance.now();
        const end = (outcome: string) => {
          span.set({ 'morket.outcome': outcome });
          telemetry.count('morket_webhook_deliveries_total', { outcome });
          telemetry.observe('morket_webhook_delivery_seconds', secondsSince(beganMs), { outcome });
        };
        const { traceparent } = span;
        const headers = { ...request.headers, ...(traceparent !== undefined && { traceparent }) };
        try {
          const answer = await fetch.send({ ...request, headers });
          end(answer.status >= 200 && answer.status < 300 ? 'delivered' : 'status');
          return answer;
        } catch (err) {
          end(err instanceof SafeFetchError ? err.failure : 'failed');
          throw err;
        }
      }),
  };
}

import { EVENTS } from '@morket/contract/catalogue';
import type { StoredEvent } from '@morket/contract/events';
import type { Message, MessagesStream } from '@platformatic/kafka';
import { type EventLog, within } from '../events/index.ts';
import { kafkaFailure } from './failure.ts';
import { fromMessage, topicOf } from './message.ts';
import { clientOptions, type KafkaSettings } from './settings.ts';
import { ensureTopics } from './topics.ts';

/** Records held in memory at once, and bytes asked for at once: what waits on the broker costs nothing here. */
const MAX_BATCH = 500;
const MAX_FETCH_BYTES = 4 * 1_048_576;
const FETCH_WAIT_MS = 250;
const COMMIT_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 5_000;
const BACKOFF = { floorMs: 250, ceilingMs: 30_000 } as const;

type Received = Message<string, string, string, string>;
type Stream = MessagesStream<string, string, string, string>;

const AGGREGATE_TYPES: readonly string[] = [...new Set(EVENTS.map(({ aggregateType }) => aggregateType))];

type Options = {
  readonly settings: KafkaSettings;
  /** Whose events are wanted: all, unless said otherwise. */
  readonly aggregateTypes?: readonly string[];
  /** Resolves once the effects of the events are stored; a batch for which it throws comes again. */
  readonly deliver: (events: readonly StoredEvent[]) => Promise<void>;
  readonly log: EventLog;
};

const waitMs = (failures: number): number =>
  Math.min(BACKOFF.ceilingMs, BACKOFF.floorMs * 2 ** Math.min(10, failures - 1));

/**
 * One member of the consumer group: hands events to `deliver` and commits their offsets after that, so each comes at least once. A partition
 * that is given to another member comes there again from the last commit; those who handle events know them by their id.
 */
export function createKafkaSubscriber({ settings, aggregateTypes = AGGREGATE_TYPES, deliver, log }: Options) {
  const topics = aggregateTypes.map((type) => topicOf(settings.topicPrefix, type));

  async function subscribe() {
    await ensureTopics(settings, topics).catch((err: unknown) => {
      // Who may not make topics may still read those that are there.
      log.warn({ err }, 'the topics of Kafka could not be made');
    });
    const { Consumer, MessagesStreamFallbackModes, MessagesStreamModes, stringDeserializers } = await import(
      '@platformatic/kafka'
    );
    const consumer = new Consumer({
      ...clientOptions(settings, 'morket-worker'),
      ...{ groupId: settings.groupId, deserializers: stringDeserializers, autocommit: false, retries: 1 },
    });
    const close = () => within(CLOSE_TIMEOUT_MS, consumer.close(true)).catch(() => undefined);
    try {
      const stream = await consumer.consume({
        ...{ topics, autocommit: false, mode: MessagesStreamModes.COMMITTED },
        // A group that is new begins with the oldest event there is.
        fallbackMode: MessagesStreamFallbackModes.EARLIEST,
        ...{ highWaterMark: MAX_BATCH, maxBytes: MAX_FETCH_BYTES, maxWaitTime: FETCH_WAIT_MS },
      });
      return { stream, close };
    } catch (err) {
      await close();
      throw err;
    }
  }

  /** The event of a record; null for a record that somebody else put there, which is passed over. */
  function eventOf(record: Received): StoredEvent | null {
    try {
      return fromMessage(record);
    } catch (err) {
      const { topic, partition, offset } = record;
      log.error(
        { err, topic, partition, offset: String(offset) },
        'a record of Kafka is no event of ours and is passed over',
      );
      return null;
    }
  }

  async function commit(records: readonly Received[]): Promise<void> {
    const last = new Map(records.map((record) => [`${record.topic} ${record.partition}`, record] as const));
    await within(COMMIT_TIMEOUT_MS, Promise.all([...last.values()].map((record) => record.commit())));
  }

  /** Tries until it is done or the subscriber stops; giving up would lose the events that came before those that follow. */
  async function take(records: readonly Received[], stop: AbortSignal): Promise<void> {
    const events = records.flatMap((record) => eventOf(record) ?? []);
    for (let failures = 1; ; failures += 1) {
      try {
        if (events.length > 0) await deliver(events);
        break;
      } catch (err) {
        log.error({ err, events: events.length }, 'events from Kafka could not be delivered');
        await paused(waitMs(failures), stop);
        if (stop.aborted) return;
      }
    }
    await commit(records);
  }

  async function read(stream: Stream, stop: AbortSignal): Promise<void> {
    for await (const first of stream) {
      const records: Received[] = [first];
      // What has arrived already goes along.
      for (let next = stream.read(); next !== null; next = records.length < MAX_BATCH - 1 ? stream.read() : null) {
        records.push(next);
      }
      await take(records, stop);
      if (stop.aborted) return;
    }
  }

  async function run(stop: AbortSignal): Promise<void> {
    for (let failures = 0; !stop.aborted; ) {
      try {
        const { stream, close } = await subscribe();
        failures = 0;
        const end = () => void stream.close().catch(() => undefined);
        stop.addEventListener('abort', end, { once: true });
        if (stop.aborted) end();
        try {
          await read(stream, stop);
        } finally {
          stop.removeEventListener('abort', end);
          await close();
        }
      } catch (err) {
        if (stop.aborted) return;
        failures += 1;
        log.warn({ err: kafkaFailure(err), failures }, 'the subscription to Kafka was lost');
        await paused(waitMs(failures), stop);
      }
    }
  }

  return {
    start: () => {
      const stopping = new AbortController();
      const running = run(stopping.signal);
      return {
        /** Resolves when the batch under way is done and its offsets are committed, or another member will get it again. */
        stop: async () => {
          stopping.abort();
          await running;
        },
      };
    },
  };
}

function paused(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      stop.removeEventListener('abort', done);
      resolve();
    }
    stop.addEventListener('abort', done, { once: true });
    if (stop.aborted) done();
  });
}

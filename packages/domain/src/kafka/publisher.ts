import type { Producer } from '@platformatic/kafka';
import { EventRefused, type EventTransport, within } from '../events/index.ts';
import { kafkaFailure } from './failure.ts';
import { type KafkaMessage, partsOf, sizeOf, toMessage } from './message.ts';
import { clientOptions, type KafkaSettings } from './settings.ts';

/** Brokers take batches of 1 MiB unless told otherwise; the batch of one partition is never larger than what is sent at once. */
const MAX_MESSAGE_BYTES = 900_000;
const MAX_SEND_BYTES = 900_000;
const SEND_TIMEOUT_MS = 4_000;
const CLOSE_TIMEOUT_MS = 3_000;
/** One or none would mean "for ever" to the library's idempotent producer. */
const RETRIES = 2;
const RETRY_DELAY_MS = 100;

type StringProducer = Producer<string, string, string, string>;

/**
 * Publishes to Kafka: the key is the aggregate, so that its events share a partition; acknowledged by all in-sync replicas; idempotent, so
 * that what the client repeats by itself is written once. What the relay repeats is written again, under the same id. The library is loaded
 * with the first batch.
 */
export function createKafkaTransport(settings: KafkaSettings): EventTransport {
  let opening: Promise<StringProducer> | null = null;

  async function open(): Promise<StringProducer> {
    const { Producer: Client, ProduceAcks, stringSerializers } = await import('@platformatic/kafka');
    return new Client({
      ...clientOptions(settings, 'morket-relay'),
      ...{ serializers: stringSerializers, idempotent: true, acks: ProduceAcks.ALL },
      ...{ retries: RETRIES, retryDelay: RETRY_DELAY_MS, autocreateTopics: true },
    });
  }

  /** After a failure nobody knows which numbers of this producer the brokers have seen: the next one begins anew. */
  async function discard(): Promise<void> {
    const producer = await opening?.catch(() => null);
    opening = null;
    if (producer) await within(CLOSE_TIMEOUT_MS, producer.close(true)).catch(() => undefined);
  }

  async function send(messages: readonly KafkaMessage[]): Promise<void> {
    opening ??= open();
    const producer = await opening;
    // In the order of the parts: two at once might arrive the other way round.
    for (const part of partsOf(messages, sizeOf, MAX_SEND_BYTES)) {
      await producer.send({ messages: part.map((message) => ({ ...message, headers: { ...message.headers } })) });
    }
  }

  return {
    publish: async (events) => {
      const messages = events.map((event) => toMessage(event, settings.topicPrefix));
      if (messages.some((message) => sizeOf(message) > MAX_MESSAGE_BYTES)) {
        throw new EventRefused(`An event is larger than ${MAX_MESSAGE_BYTES} bytes.`);
      }
      try {
        await within(SEND_TIMEOUT_MS, send(messages));
      } catch (err) {
        // Not waited for: the relay holds a lock meanwhile.
        void discard();
        throw kafkaFailure(err);
      }
    },
    close: discard,
  };
}

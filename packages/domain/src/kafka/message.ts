import type { StoredEvent } from '@morket/contract/events';
import { fromCloudEvent, toCloudEvent } from '@morket/contract/events';

/** An event as a record of Kafka: CloudEvents 1.0 in binary mode (Kafka protocol binding, v1.0.2). */
export type KafkaMessage = {
  readonly topic: string;
  /** The aggregate: its events share a partition, and so keep their order. */
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestamp: bigint;
};

const PREFIX = 'ce_';
const CONTENT_TYPE = 'content-type';

/** The topic of one kind of aggregate. */
export const topicOf = (prefix: string, aggregateType: string): string => `${prefix}.${aggregateType}`;

/** Writes an event: its attributes into headers, its payload into the value. */
export function toMessage(event: StoredEvent, topicPrefix: string): KafkaMessage {
  const { data, datacontenttype, ...attributes } = toCloudEvent(event);
  return {
    topic: topicOf(topicPrefix, event.aggregate.type),
    key: event.aggregate.id,
    value: JSON.stringify(data),
    headers: {
      [CONTENT_TYPE]: datacontenttype,
      ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`${PREFIX}${name}`, String(value)])),
    },
    timestamp: BigInt(event.createdAt.getTime()),
  };
}

/** Reads an event back; throws for a record that is none of ours. */
export function fromMessage({
  headers,
  value,
}: {
  readonly headers: ReadonlyMap<string, string>;
  readonly value: string;
}): StoredEvent {
  const attributes = [...headers].flatMap(([name, text]) =>
    name.startsWith(PREFIX) ? [[name.slice(PREFIX.length), text] as const] : [],
  );
  return fromCloudEvent({
    ...Object.fromEntries(attributes),
    datacontenttype: headers.get(CONTENT_TYPE),
    data: JSON.parse(value),
  });
}

/** About what a record takes on the wire, in bytes. */
export const sizeOf = ({ key, value, headers }: KafkaMessage): number =>
  Buffer.byteLength(key) +
  Buffer.byteLength(value) +
  Object.entries(headers).reduce((sum, [name, text]) => sum + name.length + Buffer.byteLength(text) + 4, 64);

/** Parts of at most `maxBytes`, in order; one that is larger stands alone. */
export function partsOf<Item>(items: readonly Item[], sizeInBytes: (item: Item) => number, maxBytes: number): Item[][] {
  const parts: Item[][] = [];
  let room = 0;
  for (const item of items) {
    const size = sizeInBytes(item);
    const last = parts.at(-1);
    if (last && size <= room) last.push(item);
    else {
      parts.push([item]);
      room = maxBytes;
    }
    room -= size;
  }
  return parts;
}

import { kafkaSettingsOf } from '@morket/api/kafka-settings';
import type { StoredEvent } from '@morket/contract/events';
import { createInProcessTransport, type EventTransport } from '@morket/domain/events';
import { createKafkaSubscriber, createKafkaTransport } from '@morket/domain/kafka';
import type { WorkerDeps } from './compose.ts';
import type { Loop } from './loop.ts';

type Deliver = (events: readonly StoredEvent[]) => Promise<void>;

/** How events get from the relay to their consumers: within the process, or through Kafka where brokers are set. */
export function composeTransport(
  { configuration, log }: WorkerDeps,
  deliver: Deliver,
): { readonly transport: EventTransport; readonly loops: readonly Loop[] } {
  const settings = kafkaSettingsOf(configuration.env);
  if (!settings) return { transport: createInProcessTransport(deliver), loops: [] };
  const subscriber = createKafkaSubscriber({ settings, deliver, log });
  return { transport: createKafkaTransport(settings), loops: [{ name: 'kafka', start: subscriber.start }] };
}

export { type Consumer, defineConsumer } from './consumer.ts';
export { createDeadLetterService } from './dead-letter.service.ts';
export { createDispatcher, type Dispatcher } from './dispatcher.ts';
export {
  type ConsumerLag,
  type EventLag,
  type PartitionLag,
  readConsumerLag,
  readLag,
  readPartitionLag,
} from './lag.ts';
export { type EventLog, type EventObserver, observerOf } from './observer.ts';
export { releaseParked, retryConsumer } from './operations.ts';
export { createRelay, type Relay, type RelayOptions } from './relay.ts';
export { replayConsumer } from './replay.ts';
export { keepOutbox } from './retention.ts';
export { createRetries, type Retries } from './retries.ts';
export { createInProcessTransport, EventRefused, type EventTransport } from './transport.ts';
export { TookTooLong, within } from './within.ts';

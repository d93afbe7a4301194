export { KafkaUnavailable } from './failure.ts';
export { createKafkaTransport } from './publisher.ts';
export type { KafkaSettings } from './settings.ts';
export { createKafkaSubscriber } from './subscriber.ts';

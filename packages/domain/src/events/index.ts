export { type Consumer, defineConsumer } from './consumer.ts';
export type { StoredEvent } from './stored-event.ts';

export { CloudEvent, cloudEventType, fromCloudEvent, toCloudEvent } from './cloud-event.ts';
export { DeadLetterNotFound } from './dead-letter.errors.ts';
export { DeadLetterRetried } from './dead-letter.events.ts';
export {
  DeadLetter,
  DeadLetterPage,
  DeadLetterState,
  ListDeadLettersInput,
  RetriedDeadLetter,
  RetryDeadLetterInput,
} from './dead-letter.schema.ts';
export { type DomainEvent, defineEvent, type EventDefinition } from './define-event.ts';
export type { StoredEvent } from './stored-event.ts';

export { type DomainEvent, defineEvent, type EventDefinition } from './define-event.ts';

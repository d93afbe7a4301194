export { ERRORS, type ErrorCode } from './errors.ts';
export { EVENTS, type EventName, isEventName } from './events.ts';

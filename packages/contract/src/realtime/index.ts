export { TooManyStreams } from './realtime.errors.ts';
export { type RealtimeEvent, RealtimeMessage, SubscribeInput } from './realtime.schema.ts';
export { ACCESS_EVENTS, type Hearing, isHearingDecided, whoHears } from './who-hears.ts';

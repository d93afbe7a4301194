export type { Listening, Watch } from './guard.ts';
export { createRealtimeService, type RealtimeService, type Told } from './realtime.service.ts';

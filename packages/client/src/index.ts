export { browserTokens } from './browser-tokens.ts';
export { createMorket, type Morket, type MorketSession } from './create-morket.ts';
export {
  type AnyMorketError,
  isMorketError,
  MorketError,
  type MorketErrorCode,
  type MorketErrorDetails,
  type Outcome,
  safe,
} from './errors.ts';
export type { AppRouter } from './generated/router.ts';
export type { Attempt, AttemptOutcome, Clock, Fetch, FetchAnswer, FetchInit, MorketOptions, Retry } from './options.ts';
export { eachItem, type Page } from './pages.ts';
export type { RealtimeState } from './realtime/feed.ts';
export type { RealtimeEvent, RealtimeMessage } from './realtime/messages.ts';
export type { Realtime, RealtimeInput, RealtimeOptions } from './realtime/realtime.ts';
export { memoryTokens, type StoredTokens, type TokenStore } from './tokens.ts';
export { transformer } from './transport.ts';

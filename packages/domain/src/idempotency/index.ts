export { findAnswer, type Keyed, keepAnswer } from './idempotency.ts';

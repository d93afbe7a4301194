export { createPostgresStore } from './postgres.store.ts';
export type { RateLimitStore } from './rate-limit.store.ts';
export { createRateLimiter, type RateLimiter, type RatePolicy } from './rate-limiter.ts';
export { createRedisStore } from './redis.store.ts';
export { ipSubject } from './subject.model.ts';

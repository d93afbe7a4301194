export { abortSignalOf, isTimedOut } from './abort-signal.ts';
export { BODY_LIMIT_BYTES, failureOf } from './failure.ts';
export { readJsonBytes } from './json-body.ts';
export { addressOf, createContextFactory, seenOf } from './request-context.ts';
export { retryAfterOf } from './retry-after.ts';
export { registerTrpc, type TrpcOptions } from './trpc-route.ts';

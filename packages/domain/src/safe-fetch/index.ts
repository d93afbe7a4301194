export { createSafeFetch, type SafeAnswer, type SafeFetch, type SafeRequest } from './safe-fetch.ts';
export { SafeFetchError, type SafeFetchFailure } from './safe-fetch-error.ts';
export { parseTarget, type Target, type TargetPolicy, type UnsafeReason } from './target.model.ts';

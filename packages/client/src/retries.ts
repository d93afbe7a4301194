import type { MorketError } from './errors.ts';
import { aborted, toMorketError } from './failures.ts';
import type { Clock } from './options.ts';

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 8_000;
const MAX_RETRY_AFTER_MS = 60_000;
/** Delays are cut by up to this share, so that clients which failed together do not come back together. */
const JITTER = 0.25;

/** How long to wait before retry number `retry`, which counts from 0; null when the error should be shown instead. */
function retryDelayMs(error: MorketError, retry: number, random: number): number | null {
  if (!error.retryable) return null;
  // Earlier than the server asked would be refused again; much later, and the caller should know rather than wait.
  if (error.retryAfterMs !== null) return error.retryAfterMs > MAX_RETRY_AFTER_MS ? null : error.retryAfterMs;
  return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** retry) * (1 - JITTER * random);
}

/** Runs `attempt`, which is told its number, up to `maxRetries` times more. Throws a MorketError. */
export async function withRetries<Result>(
  attempt: (number: number) => Promise<Result>,
  options: {
    readonly maxRetries: number;
    readonly clock: Clock;
    readonly signal?: AbortSignal | null | undefined;
    readonly onRetry?: (attempt: number, delayMs: number, error: MorketError) => void;
  },
): Promise<Result> {
  const { maxRetries, clock, signal, onRetry } = options;
  for (let retry = 0; ; retry += 1) {
    try {
      return await attempt(retry + 1);
    } catch (err) {
      if (signal?.aborted) throw aborted(signal.reason);
      const error = toMorketError(err, clock.now());
      const delayMs = retry < maxRetries ? retryDelayMs(error, retry, clock.random()) : null;
      if (delayMs === null) throw error;
      onRetry?.(retry + 1, delayMs, error);
      await clock.sleep(delayMs, signal ?? undefined);
    }
  }
}

/** The machine's own time and chance. */
export const systemClock: Clock = {
  now: Date.now,
  random: Math.random,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal?.addEventListener('abort', wake);
    }),
};

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];

/** How long an attempt waits for the one before it: a little over three days in all. */
export const RETRY_DELAYS_MS: readonly number[] = [
  0,
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/** Deliveries that failed together do not come back together: each delay is up to this part shorter or longer. */
export const JITTER = 0.1;

/** `delayMs`, spread by `JITTER`. `random` is in [0, 1). */
export const jittered = (delayMs: number, random: number): number =>
  Math.round(delayMs * (1 + JITTER * (2 * random - 1)));

/** How long to wait after `attempts` of them have failed; null when there are no more. */
export function retryDelayMs(attempts: number, random: number): number | null {
  const delayMs = RETRY_DELAYS_MS[attempts];
  return delayMs === undefined ? null : jittered(delayMs, random);
}

const MAX_RETRY_AFTER_MS = HOUR;

/** What a `Retry-After` header asks for, in seconds or as a date: at least a second, at most an hour. Null where it says nothing. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  // The parser of dates takes much for one, such as a negative number.
  const date = /^[A-Z][a-z]{2}, /.test(header) ? Date.parse(header) : Number.NaN;
  const wantedMs = /^\d{1,9}$/.test(header) ? Number(header) * SECOND : date - nowMs;
  return Number.isNaN(wantedMs) ? null : Math.min(Math.max(wantedMs, SECOND), MAX_RETRY_AFTER_MS);
}

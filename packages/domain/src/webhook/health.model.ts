import { jittered } from './schedule.model.ts';

/** How a receiver has fared lately. Times are durations, seen from the moment of the decision. */
export type Health = {
  readonly consecutiveFailures: number;
  /** Null while it is well. */
  readonly failingForMs: number | null;
  /** 0 or less: it is not paused. */
  readonly pausedForMs: number;
};

/** What an answer means. `gone` is a receiver that wants nothing any more, `overloaded` one that wants less. */
export type Verdict = 'delivered' | 'failed' | 'overloaded' | 'gone';

export type Change = {
  readonly consecutiveFailures: number;
  /** Null where it is not paused. */
  readonly pauseMs: number | null;
  readonly disable: 'gone' | 'failing' | null;
};

/** Failures in a row at which the circuit opens: from then on one attempt at a time, the probe, asks whether the receiver is back. */
export const OPENS_AFTER = 5;
export const DISABLED_AFTER_MS = 5 * 24 * 3_600_000;
const [FIRST_OPEN_MS, FIRST_SLOW_MS, LONGEST_PAUSE_MS] = [30_000, 10_000, 15 * 60_000];

const OVERLOADED: ReadonlySet<number> = new Set([429, 502, 504]);

/** Only 2xx is success; a redirect is a failure like any other. `asksToWait` is whether the answer bore `Retry-After`. */
export function verdictOf(status: number | null, asksToWait: boolean): Verdict {
  if (status === null) return 'failed';
  if (status >= 200 && status < 300) return 'delivered';
  if (status === 410) return 'gone';
  return OVERLOADED.has(status) || (status === 503 && asksToWait) ? 'overloaded' : 'failed';
}

const doubled = (firstMs: number, times: number): number => Math.min(firstMs * 2 ** times, LONGEST_PAUSE_MS);

function pauseAfter(failures: number, verdict: Verdict, { retryAfterMs, random }: Extra): number | null {
  if (retryAfterMs !== null && verdict === 'overloaded') return retryAfterMs;
  const openMs = failures >= OPENS_AFTER ? doubled(FIRST_OPEN_MS, failures - OPENS_AFTER) : 0;
  const slowMs = verdict === 'overloaded' ? doubled(FIRST_SLOW_MS, failures - 1) : 0;
  const pauseMs = Math.max(openMs, slowMs);
  return pauseMs === 0 ? null : jittered(pauseMs, random);
}

/** `random` is in [0, 1). */
type Extra = { readonly retryAfterMs: number | null; readonly random: number };

/**
 * What one outcome changes. Failures of attempts that were under way when the pause began do not count: ten at once are no worse than
 * one, and the pauses grow with the probes that fail.
 */
export function decideHealth(health: Health, verdict: Verdict, extra: Extra): Change {
  if (verdict === 'delivered') return { consecutiveFailures: 0, pauseMs: null, disable: null };
  const isPaused = health.pausedForMs > 0;
  const consecutiveFailures = health.consecutiveFailures + (isPaused ? 0 : 1);
  const pauseMs = pauseAfter(consecutiveFailures, verdict, extra);
  const leftMs = isPaused ? health.pausedForMs : null;
  const isLongDead = health.failingForMs !== null && health.failingForMs >= DISABLED_AFTER_MS;
  return {
    consecutiveFailures,
    // A pause under way is lengthened by what the receiver itself asks for, by nothing else.
    pauseMs: leftMs === null ? pauseMs : Math.max(leftMs, extra.retryAfterMs ?? 0),
    disable: verdict === 'gone' ? 'gone' : isLongDead ? 'failing' : null,
  };
}

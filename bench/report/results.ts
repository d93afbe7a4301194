import type { Finding, SuiteName } from './finding.ts';

/** One contender in one round. */
export type Measurement = {
  readonly suite: SuiteName;
  /** The load first, then who carried it: `query / hono`. */
  readonly name: string;
  readonly round: number;
  readonly perSecond: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** CPU time of the serving process for one call; null where that process is not ours alone. */
  readonly cpuMicrosPerCall: number | null;
  /** Calls that were turned away for overload; absent for none. */
  readonly refused?: number;
};

/** What one run writes down. Absolute numbers are kept for reading beside each other, never for comparing runs. */
export type Results = {
  readonly startedAt: string;
  readonly short: boolean;
  readonly suites: readonly SuiteName[];
  readonly machine: Readonly<Record<string, string>>;
  readonly findings: readonly Finding[];
  readonly measurements: readonly Measurement[];
};

/** Why this run should not be published; null for a whole one. */
export function flawOf({ short, suites }: Results): string | null {
  if (short) return 'the last run was a short one';
  return suites.length < 2 ? `the last run measured ${suites.join(', ')} alone` : null;
}

import type { Finding } from './report/finding.ts';
import type { Measurement } from './report/results.ts';

/** How long and how often a suite measures. */
export type Plan = {
  /** Every contender is measured once in each; ratios are taken within a round. */
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
};

/** What a suite is given by the run it is part of. */
export type Run = {
  readonly plan: Plan;
  /** Undone in reverse order at the end of the run, also when it fails or is interrupted. */
  readonly cleanUp: AsyncDisposableStack;
  say(line: string): void;
};

export type SuiteResult = {
  readonly findings: readonly Finding[];
  readonly measurements: readonly Measurement[];
  /** What the numbers depend on, by name. */
  readonly machine: Readonly<Record<string, string>>;
};

import type { Spread } from './statistics.ts';

export type SuiteName = 'transport' | 'ledger' | 'events' | 'webhooks' | 'jobs' | 'realtime';

export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** One line of the report: something of ours, beside something else or against a clock. */
export type Finding = {
  readonly suite: SuiteName;
  readonly what: string;
  /** What it is divided by; null for a duration. */
  readonly against: string | null;
  readonly unit: '×' | 'ms' | '/s';
  /** Null when it could not be measured here; `note` says why. Else it says what to know about the value. */
  readonly value: Spread | null;
  /** The same ratio by CPU time of the serving process instead of throughput: steadier where others use the machine. */
  readonly byCpu?: Spread;
  readonly target?: Target;
  readonly note?: string;
  /** Calls that were refused while it was measured: a refusal comes fast, so that no target is met with any. */
  readonly refused?: number;
};

export type Verdict = 'met' | 'missed' | 'skipped' | '';

/** Judges the median, unrounded: 3.4996 misses 3.5. Empty without a target. */
export function verdictOf({ value, target, refused = 0 }: Pick<Finding, 'value' | 'target' | 'refused'>): Verdict {
  if (value === null) return 'skipped';
  if (target === undefined) return '';
  const isMet = 'atLeast' in target ? value.median >= target.atLeast : value.median <= target.atMost;
  return isMet && refused === 0 ? 'met' : 'missed';
}

/** Counts of the verdicts as one sentence. */
export function summaryOf(findings: readonly Finding[]): string {
  const verdicts = findings.filter(({ target }) => target !== undefined).map(verdictOf);
  const count = (verdict: Verdict) => verdicts.filter((one) => one === verdict).length;
  const skipped = count('skipped');
  const tail = skipped > 0 ? `, ${skipped} skipped` : '';
  return `${verdicts.length} targets: ${count('met')} met, ${count('missed')} missed${tail}.`;
}

import type { SuiteName } from './finding.ts';
import type { Measurement } from './results.ts';
import { bestOfRounds } from './statistics.ts';

type Taken = Omit<Measurement, 'suite'>;

/** Keeps what was measured, in order, and gives it back as one series of rounds for each name. */
export function createRecorder(suite: SuiteName) {
  const measurements: Measurement[] = [];

  function series(name: string, pick: (one: Measurement) => number | null): number[] {
    const rounds = measurements.filter((one) => one.name === name).toSorted((a, b) => a.round - b.round);
    return rounds.map((one) => pick(one) ?? Number.NaN);
  }

  return {
    measurements: measurements as readonly Measurement[],
    add(taken: Taken): void {
      measurements.push({ suite, ...taken });
    },
    /** Calls a second, by round. */
    rates: (name: string) => series(name, (one) => one.perSecond),
    /** Each round's best among several names. */
    bestRates: (names: readonly string[]) => bestOfRounds(names.map((name) => series(name, (one) => one.perSecond))),
    /** Calls for one second of CPU time, by round; NaN where it was not measured. */
    ratesByCpu: (name: string) =>
      series(name, (one) => (one.cpuMicrosPerCall === null ? null : 1e6 / one.cpuMicrosPerCall)),
    /** Calls that were refused, in all rounds together. */
    refused: (name: string) => series(name, (one) => one.refused ?? 0).reduce((sum, count) => sum + count, 0),
    /** Milliseconds that 99 % of the calls did not exceed, by round. */
    p99s: (name: string) => series(name, (one) => one.p99Ms),
  };
}

export type Recorder = ReturnType<typeof createRecorder>;

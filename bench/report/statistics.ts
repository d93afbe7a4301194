/** What several rounds say about one number. */
export type Spread = { readonly median: number; readonly min: number; readonly max: number };

/** The middle value, or the mean of the two in the middle. Throws for no values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  if (low === undefined || high === undefined) throw new Error('There is no median of nothing.');
  return (low + high) / 2;
}

/** The smallest value that at least `share` (0 < share ≤ 1) of all values do not exceed. Throws for no values. */
export function percentile(values: Float64Array | readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  const found = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (found === undefined) throw new Error('There is no percentile of nothing.');
  return found;
}

export const spreadOf = (values: readonly number[]): Spread => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
});

/**
 * One ratio for each round, then their spread: what slows the machine down for a while slows both sides of a round, and a ratio of
 * medians taken from different rounds would not know. Throws when the sides have different numbers of rounds.
 */
export function ratioOfRounds(ours: readonly number[], theirs: readonly number[]): Spread {
  if (ours.length !== theirs.length) throw new Error(`${ours.length} rounds against ${theirs.length}.`);
  return spreadOf(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
}

/** Each round's best of several series, such as one reference at several numbers of clients. */
export function bestOfRounds(series: readonly (readonly number[])[]): number[] {
  const [first = []] = series;
  return first.map((_, round) => Math.max(...series.map((values) => values[round] ?? Number.NaN)));
}

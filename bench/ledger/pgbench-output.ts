export type PgbenchResult = { readonly perSecond: number; readonly meanMs: number };

/** Reads what `pgbench` prints at its end. Throws when a transaction failed, or when it printed something else. */
export function parsePgbench(output: string): PgbenchResult {
  const perSecond = numberIn(output, /^tps = ([\d.]+)/m);
  const meanMs = numberIn(output, /^latency average = ([\d.]+) ms$/m);
  const failed = /^number of failed transactions: (\d+)/m.exec(output)?.[1] ?? '0';
  if (failed !== '0') throw new Error(`${failed} transactions of pgbench failed.`);
  return { perSecond, meanMs };
}

function numberIn(output: string, pattern: RegExp): number {
  const found = Number(pattern.exec(output)?.[1]);
  if (!(found > 0)) throw new Error(`pgbench printed something else than expected:\n${output}`);
  return found;
}

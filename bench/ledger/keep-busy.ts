import { percentile } from '../report/statistics.ts';

export type BusyResult = {
  readonly count: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Calls that were turned away because too much was under way; not among `count`. */
  readonly refused: number;
};

export type BusyLoad = { readonly inFlight: number; readonly durationMs: number };

/**
 * Keeps `inFlight` calls under way for `durationMs`. Rejects when one of them does, once all have ended; refusals that
 * `isRefusal` knows are only counted.
 */
export async function keepBusy(
  call: () => Promise<unknown>,
  { inFlight, durationMs }: BusyLoad,
  isRefusal: (err: unknown) => boolean = () => false,
): Promise<BusyResult> {
  const latencies: number[] = [];
  const failures: unknown[] = [];
  let refused = 0;
  const startedAt = performance.now();
  const endsAt = startedAt + durationMs;

  async function repeat(): Promise<void> {
    for (let now = startedAt; now < endsAt && failures.length === 0; ) {
      const sentAt = performance.now();
      let failure: unknown = null;
      await call().catch((err: unknown) => {
        failure = err;
      });
      now = performance.now();
      if (failure === null) latencies.push(now - sentAt);
      else if (isRefusal(failure)) refused += 1;
      else failures.push(failure);
    }
  }

  await Promise.all(Array.from({ length: inFlight }, repeat));
  if (failures.length > 0) throw failures[0];
  const seconds = (performance.now() - startedAt) / 1000;
  const [p50Ms, p99Ms] = [percentile(latencies, 0.5), percentile(latencies, 0.99)];
  return { count: latencies.length, seconds, p50Ms, p99Ms, refused };
}

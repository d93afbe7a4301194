import { migrate } from '@morket/db/migrations';
import { startCrashCluster } from '@morket/testing/crash/cluster';
import { runEventChaos } from '@morket/testing/event-chaos/run';

export type EventChaos = {
  readonly seed: number;
  readonly workers: number;
  readonly kills: number;
  readonly cuts: number;
};

/** Kills workers with SIGKILL and cuts their connections under load, and compares effects with events. Gives the number of violations. */
export async function eventChaos(options: EventChaos): Promise<number> {
  const { seed, workers, kills, cuts } = options;
  console.log(`${kills} kills of ${workers} workers, ${cuts} times their connections cut, seed ${seed}`);
  const begun = performance.now();
  const cluster = await startCrashCluster({ kills: 0, synchronousCommit: true });
  try {
    await migrate({ databaseUrl: cluster.url });
    const report = await runEventChaos({
      ...{ databaseUrl: cluster.url, seed, workers, kills, cuts, writers: 8, aggregates: 200 },
      onBlow: (blow, number) => console.log(`${number}/${kills + cuts}  ${blow}`),
    });
    for (const violation of report.violations) console.error(violation);
    console.log(
      `events: ${report.events} written under ${report.blows} blows in ${Math.round((performance.now() - begun) / 1_000)} s, ` +
        `the last one delivered ${report.drainedAfterMs} ms after the writing ended; ${report.violations.length} violations (seed ${seed})`,
    );
    return report.violations.length;
  } finally {
    await cluster.remove();
  }
}

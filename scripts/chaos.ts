/**
 * `npm run chaos`: kills the API and PostgreSQL with SIGKILL under load and compares what was answered with what the ledger holds.
 * Exit code 1 when an answer was lost, given twice or contradicted.
 *
 *     npm run chaos -- --api-kills 20 --postgres-kills 10 --in-flight 32 --seed 42
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { endApiProcesses } from '@morket/testing/api-process';
import { type CrashReport, runCrashes } from '@morket/testing/crash/run';

const USAGE = 'Usage: npm run chaos -- [--api-kills 20] [--postgres-kills 10] [--in-flight 32] [--seed <number>]';

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    void endApiProcesses();
    // The database is asked to stop as this process exits.
    process.exit(130);
  });
}

process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (!options) {
    console.error(USAGE);
    return 1;
  }
  const begun = performance.now();
  const total = options.apiKills + options.postgresKills;
  console.log(`${total} kills with ${options.inFlight} requests in flight, seed ${options.seed}`);
  try {
    const report = await runCrashes({
      ...options,
      onKill: ({ target, interrupted, backAfterMs }, number) =>
        console.log(
          `${number}/${total}  ${target} killed: ${interrupted} requests failed, back after ${backAfterMs} ms`,
        ),
    });
    for (const violation of report.violations) console.error(violation);
    console.log(summaryOf(report, Math.round((performance.now() - begun) / 1_000), options.seed));
    return report.violations.length > 0 ? 1 : 0;
  } finally {
    await endApiProcesses();
  }
}

function summaryOf(report: CrashReport, seconds: number, seed: number): string {
  const { kills, answered, refused, retried, answersLost, replayed, violations } = report;
  const interrupted = kills.reduce((sum, kill) => sum + kill.interrupted, 0);
  return (
    `chaos: ${kills.length} kills in ${seconds} s failed ${interrupted} requests; ${answered} orders answered (${refused} refusals), ` +
    `${retried} after a retry, ${answersLost} of them had taken effect before; ${replayed} answers asked for again; ` +
    `${violations.length} violations (seed ${seed})`
  );
}

function readOptions(): { seed: number; apiKills: number; postgresKills: number; inFlight: number } | null {
  try {
    const { values } = parseArgs({
      options: {
        'api-kills': { type: 'string', default: '20' },
        'postgres-kills': { type: 'string', default: '10' },
        'in-flight': { type: 'string', default: '32' },
        seed: { type: 'string', default: String(randomInt(2 ** 30)) },
      },
    });
    const [apiKills, postgresKills, inFlight, seed] = [
      ...[values['api-kills'], values['postgres-kills'], values['in-flight'], values.seed].map(Number),
    ] as [number, number, number, number]; // four in, four out
    const isValid = [apiKills, postgresKills, inFlight, seed].every(
      (value) => Number.isSafeInteger(value) && value >= 0,
    );
    return isValid && inFlight > 0 ? { seed, apiKills, postgresKills, inFlight } : null;
  } catch {
    return null;
  }
}

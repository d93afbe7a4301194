/**
 * `npm run chaos`: kills the API and PostgreSQL with SIGKILL under load and compares what was answered with what the ledger holds; then
 * kills workers and compares the effects of events with the events. Exit code 1 when an answer was lost, given twice or contradicted, or an
 * event has not had its effect once and in its order.
 *
 *     npm run chaos -- --api-kills 20 --postgres-kills 10 --in-flight 32 --worker-kills 20 --cuts 20 --workers 3 --seed 42
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { endApiProcesses } from '@morket/testing/api-process';
import { type CrashReport, runCrashes } from '@morket/testing/crash/run';
import { eventChaos } from './chaos/events.ts';

const USAGE = `Usage: npm run chaos -- [--api-kills 20] [--postgres-kills 10] [--in-flight 32]
                        [--worker-kills 20] [--cuts 20] [--workers 3] [--seed <number>]`;

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
  const { seed, workers, workerKills: kills, cuts } = options;
  const wrongAnswers = options.apiKills + options.postgresKills > 0 ? await answerChaos(options) : 0;
  const wrongEffects = kills + cuts > 0 ? await eventChaos({ seed, workers, kills, cuts }) : 0;
  return wrongAnswers + wrongEffects > 0 ? 1 : 0;
}

/** Gives the number of violations. */
async function answerChaos(options: Options): Promise<number> {
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
    return report.violations.length;
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

type Options = {
  readonly seed: number;
  readonly apiKills: number;
  readonly postgresKills: number;
  readonly inFlight: number;
  readonly workerKills: number;
  readonly cuts: number;
  readonly workers: number;
};

function readOptions(): Options | null {
  try {
    const { values } = parseArgs({
      options: {
        'api-kills': { type: 'string', default: '20' },
        'postgres-kills': { type: 'string', default: '10' },
        'in-flight': { type: 'string', default: '32' },
        'worker-kills': { type: 'string', default: '20' },
        cuts: { type: 'string', default: '20' },
        workers: { type: 'string', default: '3' },
        seed: { type: 'string', default: String(randomInt(2 ** 30)) },
      },
    });
    const options = {
      seed: Number(values.seed),
      apiKills: Number(values['api-kills']),
      postgresKills: Number(values['postgres-kills']),
      inFlight: Number(values['in-flight']),
      workerKills: Number(values['worker-kills']),
      cuts: Number(values.cuts),
      workers: Number(values.workers),
    };
    const isValid = Object.values(options).every((value) => Number.isSafeInteger(value) && value >= 0);
    return isValid && options.inFlight > 0 && options.workers > 0 ? options : null;
  } catch {
    return null;
  }
}

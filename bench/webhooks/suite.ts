import { startChild } from '../process/child.ts';
import type { ServerHandlers } from '../process/serve-parent.ts';
import { startPostgres } from '../product/postgres.ts';
import type { Finding } from '../report/finding.ts';
import { createRecorder, type Recorder } from '../report/recorder.ts';
import { ratioOfRounds, spreadOf } from '../report/statistics.ts';
import type { Run, SuiteResult } from '../run.ts';
import type { DispatcherHandlers } from './dispatcher-process.ts';
import type { PlainHandlers } from './plain-process.ts';
import type { ReceiverReady } from './receiver-process.ts';

const NAMES = {
  one: 'dispatcher, one endpoint',
  oneBesideSlow: 'dispatcher, one endpoint beside a slow one',
  eight: 'dispatcher, eight endpoints',
  eightBesideSlow: 'dispatcher, eight endpoints beside a slow one',
  fetch: 'a loop of fetch, 16 at once',
  http: 'a loop of node:http, 16 at once',
} as const;
const PLAIN_IN_FLIGHT = 16;

const here = (file: string) => new URL(`./${file}`, import.meta.url);

/** Deliveries a second to a receiver on this machine, beside an endpoint that holds every request for five seconds. */
export async function runWebhooks({ plan, cleanUp, say }: Run): Promise<SuiteResult> {
  say('Starting PostgreSQL and a receiver');
  const postgres = await startPostgres(cleanUp);
  const env = { DATABASE_URL: postgres.url, MORKET_BENCH_DIR: postgres.directory };
  const { ready } = await startChild<ReceiverReady, ServerHandlers>(here('receiver-process.ts'), { cleanUp });
  const dispatcher = await startChild<null, DispatcherHandlers>(here('dispatcher-process.ts'), { cleanUp, env });
  const plain = await startChild<null, PlainHandlers>(here('plain-process.ts'), { cleanUp });
  const { port } = ready;

  const deliver = (fast: number, withSlow: boolean) => (durationMs: number) =>
    dispatcher.ask('deliver', { port, fast, withSlow, durationMs });
  const load = (durationMs: number) => ({ port, inFlight: PLAIN_IN_FLIGHT, durationMs });
  const loads: readonly (readonly [string, (durationMs: number) => Promise<number>])[] = [
    [NAMES.one, deliver(1, false)],
    [NAMES.oneBesideSlow, deliver(1, true)],
    [NAMES.eight, deliver(8, false)],
    [NAMES.eightBesideSlow, deliver(8, true)],
    [NAMES.fetch, (durationMs) => plain.ask('fetch', load(durationMs))],
    [NAMES.http, (durationMs) => plain.ask('http', load(durationMs))],
  ];

  say(`Warming up ${loads.length} loads`);
  for (const [, run] of loads) await run(plan.warmUpMs);
  const recorder = createRecorder('webhooks');
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const [name, run] of round % 2 === 0 ? loads : loads.toReversed()) {
      const perSecond = await run(plan.durationMs);
      recorder.add({ name, round, perSecond, p50Ms: null, p99Ms: null, cpuMicrosPerCall: null });
      say(`  round ${round + 1}  ${name.padEnd(48)} ${String(Math.round(perSecond)).padStart(6)}/s`);
    }
  }
  return { findings: findingsOf(recorder), measurements: recorder.measurements, machine: {} };
}

function findingsOf({ rates }: Recorder): Finding[] {
  const speed = (what: string, name: string): Finding => ({
    ...{ suite: 'webhooks', what, against: null, unit: '/s', value: spreadOf(rates(name)), target: { atLeast: 300 } },
  });
  const beside = (what: string, against: string, sides: readonly [string, string], atLeast?: number): Finding => ({
    ...{ suite: 'webhooks', what, against, unit: '×', value: ratioOfRounds(rates(sides[0]), rates(sides[1])) },
    ...(atLeast !== undefined && { target: { atLeast } }),
  });
  return [
    speed('one endpoint beside a slow one', NAMES.oneBesideSlow),
    speed('eight endpoints beside a slow one', NAMES.eightBesideSlow),
    beside('one endpoint beside a slow one', 'the same without it', [NAMES.oneBesideSlow, NAMES.one], 0.8),
    beside('eight endpoints beside a slow one', 'the same without it', [NAMES.eightBesideSlow, NAMES.eight], 0.8),
    beside('eight endpoints', 'a loop of fetch, nothing kept', [NAMES.eight, NAMES.fetch]),
    beside('eight endpoints', 'a loop of node:http, nothing kept', [NAMES.eight, NAMES.http]),
  ];
}

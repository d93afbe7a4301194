import { isDeepStrictEqual } from 'node:util';
import type { GeneratorHandlers } from '../load/generator.ts';
import { answerTo } from '../load/http-request.ts';
import { measureServer } from '../load/measure-server.ts';
import { startChild } from '../process/child.ts';
import type { ServerHandlers, ServerReady } from '../process/serve-parent.ts';
import { createRecorder } from '../report/recorder.ts';
import type { Measurement } from '../report/results.ts';
import type { Plan, Run, SuiteResult } from '../run.ts';
import {
  BATCH_OF_TEN,
  CALLS_OF_BATCH,
  CONTENDERS,
  type Contender,
  EXPECTED,
  type LoadName,
  MORKET,
} from './contenders.ts';
import type { Entry } from './entry.ts';
import { transportFindings } from './findings.ts';
import { startProductContenders } from './product-contenders.ts';

const LOADS: readonly LoadName[] = ['query', 'mutation', 'rows'];
const MAX_STRETCHES = 10;

/** One tiny call through each transport, and one real one through the whole product. */
export async function runTransport(run: Run): Promise<SuiteResult> {
  const { plan, cleanUp, say } = run;
  const generator = await startChild<null, GeneratorHandlers>(new URL('../load/generator.ts', import.meta.url), {
    cleanUp,
  });

  const entries = [...(await startGreeters(run)), ...(await startProductContenders(run))];
  say(`Warming up ${entries.length} loads`);
  for (const entry of entries) await warmUp((durationMs) => measureServer({ generator, ...entry, durationMs }), plan);

  const recorder = createRecorder('transport');
  for (let round = 0; round < plan.rounds; round += 1) {
    // Forth and back: nobody always runs first on a rested machine.
    for (const entry of round % 2 === 0 ? entries : entries.toReversed()) {
      const taken = await measureServer({ generator, ...entry, durationMs: plan.durationMs });
      recorder.add({ name: entry.name, round, ...taken });
      say(`  round ${round + 1}  ${entry.name.padEnd(48)} ${Math.round(taken.perSecond)}/s`);
    }
  }
  return { findings: transportFindings(recorder), measurements: recorder.measurements, machine: {} };
}

/**
 * Loads a server until two stretches in a row have brought no call that costs it a twentieth less. How long that takes differs from
 * server to server, by seconds: who has the more code is longest interpreted, and would be measured as slow for being cold.
 */
async function warmUp(
  load: (durationMs: number) => Promise<Pick<Measurement, 'cpuMicrosPerCall'>>,
  { warmUpMs }: Plan,
): Promise<void> {
  let cheapest = Number.POSITIVE_INFINITY;
  for (let stretch = 0, inVain = 0; stretch < MAX_STRETCHES && inVain < 2; stretch += 1) {
    const { cpuMicrosPerCall } = await load(warmUpMs);
    if (cpuMicrosPerCall === null) return;
    inVain = cpuMicrosPerCall < cheapest * 0.95 ? 0 : inVain + 1;
    cheapest = Math.min(cheapest, cpuMicrosPerCall);
  }
}

async function startGreeters({ cleanUp, say }: Run): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const contender of CONTENDERS) {
    say(`Starting ${contender.name}`);
    const server = await startChild<ServerReady, ServerHandlers>(contender.file, { cleanUp });
    for (const load of LOADS) {
      const request = contender.requests[load];
      await assertAnswer(contender, load, server.ready.port);
      entries.push({ name: `${load} / ${contender.name}`, server, request });
    }
    if (contender.name === MORKET) {
      await assertBatch(contender, server.ready.port);
      entries.push({ name: `batch / ${MORKET}`, server, request: BATCH_OF_TEN, callsPerRequest: CALLS_OF_BATCH });
    }
  }
  // Loads beside each other in time, so that a ratio compares neighbours.
  return entries.toSorted((a, b) => orderOf(a.name) - orderOf(b.name));
}

function orderOf(name: string): number {
  return ['query', 'batch', 'mutation', 'rows'].indexOf(name.split(' ', 1)[0] ?? '');
}

async function assertAnswer(contender: Contender, load: LoadName, port: number): Promise<void> {
  const given = contender.unwrap(await answerTo(contender.requests[load], port));
  if (!isDeepStrictEqual(given, EXPECTED[load])) {
    throw new Error(`${contender.name} answers the ${load} with ${JSON.stringify(given)?.slice(0, 300)}`);
  }
}

async function assertBatch({ unwrap }: Contender, port: number): Promise<void> {
  const answers = (await answerTo(BATCH_OF_TEN, port)) as readonly unknown[]; // compared below
  const given = answers.map(unwrap);
  const expected = Array.from({ length: CALLS_OF_BATCH }, () => EXPECTED.query);
  if (!isDeepStrictEqual(given, expected)) throw new Error('The batch of ten is not answered as ten calls.');
}

import { startChild } from '../process/child.ts';
import type { ServerHandlers } from '../process/serve-parent.ts';
import { startPostgres } from '../product/postgres.ts';
import type { ProductReady } from '../product/product-server.ts';
import type { Finding } from '../report/finding.ts';
import { createRecorder } from '../report/recorder.ts';
import { percentile, ratioOfRounds, spreadOf } from '../report/statistics.ts';
import type { Run, SuiteResult } from '../run.ts';
import type { ListenerHandlers } from './listener-process.ts';
import type { Moment, WriterHandlers, WriterReady } from './writer-process.ts';

const PER_SECOND = 200;
const PATIENCE_MS = 5_000;
const STREAM = 'stream of events';
const PLAIN = 'a plain loop';

const here = (file: string) => new URL(`./${file}`, import.meta.url);

/** Milliseconds from each commit until it was heard of, where it was. */
function delaysOf(written: readonly Moment[], heard: readonly Moment[]): number[] {
  const heardAt = new Map(heard);
  return written.flatMap(([entityId, committedAtMs]) => {
    const atMs = heardAt.get(entityId);
    return atMs === undefined ? [] : [atMs - committedAtMs];
  });
}

/** Throws unless everything was heard of once. */
function assertWhole(written: readonly Moment[], heard: readonly Moment[]): void {
  const unheard = written.length - delaysOf(written, heard).length;
  if (unheard > 0) throw new Error(`${unheard} of ${written.length} changes were not heard of.`);
  if (new Set(heard.map(([entityId]) => entityId)).size !== heard.length) throw new Error('Something was heard twice.');
}

/** From the commit in one process until a listener of another has heard of it, at a steady rate of changes. */
export async function runRealtime({ plan, cleanUp, say }: Run): Promise<SuiteResult> {
  say('Starting PostgreSQL, the product, one who writes and one who listens');
  const postgres = await startPostgres(cleanUp);
  const env = { DATABASE_URL: postgres.url, MORKET_BENCH_DIR: postgres.directory };
  const product = await startChild<ProductReady, ServerHandlers>(here('../product/product-server.ts'), {
    cleanUp,
    env,
  });
  const writer = await startChild<WriterReady, WriterHandlers>(here('writer-process.ts'), { cleanUp, env });
  const listener = await startChild<null, ListenerHandlers>(here('listener-process.ts'), { cleanUp });
  const { workspaceId, accessToken } = writer.ready;

  const begin: Readonly<Record<string, () => Promise<void>>> = {
    [STREAM]: () => listener.ask('overStream', { port: product.ready.port, workspaceId, accessToken }),
    [PLAIN]: () => listener.ask('byAsking', { url: postgres.url, workspaceId }),
  };

  let lost = 0;
  async function take(name: string, durationMs: number) {
    await begin[name]?.();
    const cpuBefore = await product.ask('cpuMicros');
    const written = await writer.ask('write', { perSecond: PER_SECOND, durationMs });
    const heard = await listener.ask('collect', { count: written.length, patienceMs: PATIENCE_MS });
    const cpuMicros = (await product.ask('cpuMicros')) - cpuBefore;
    // The plain loop loses what commits late; that it may is why it is the limit, and no way to go.
    if (name === STREAM) assertWhole(written, heard);
    lost += name === PLAIN ? written.length - delaysOf(written, heard).length : 0;
    return { delays: delaysOf(written, heard), cpuMicros };
  }

  const names = [STREAM, PLAIN];
  for (const name of names) await take(name, plan.warmUpMs);
  const recorder = createRecorder('realtime');
  const p95s: Readonly<Record<string, number[]>> = { [STREAM]: [], [PLAIN]: [] };
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const { delays, cpuMicros } = await take(name, plan.durationMs);
      const [p50Ms = 0, p95Ms = 0, p99Ms = 0] = [0.5, 0.95, 0.99].map((share) => percentile(delays, share));
      p95s[name]?.push(p95Ms);
      const cpuMicrosPerCall = name === STREAM ? cpuMicros / delays.length : null;
      recorder.add({ name, round, perSecond: PER_SECOND, p50Ms, p99Ms, cpuMicrosPerCall });
      const latency = `p50 ${p50Ms.toFixed(1)} ms, p95 ${p95Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`;
      say(`  round ${round + 1}  ${name.padEnd(24)} ${latency}`);
    }
  }
  const [ours = [], theirs = []] = names.map((name) => p95s[name]);
  return { findings: findingsOf(ours, theirs, lost), measurements: recorder.measurements, machine: {} };
}

function findingsOf(ours: readonly number[], theirs: readonly number[], lost: number): Finding[] {
  const what = `p95 from commit to stream, ${PER_SECOND} events/s`;
  return [
    { suite: 'realtime', what, against: null, unit: 'ms', value: spreadOf(ours), target: { atMost: 150 } },
    {
      ...{ suite: 'realtime', what, against: 'a plain loop over the table, every 25 ms', unit: '×' },
      value: ratioOfRounds(ours, theirs),
      ...(lost > 0 && { note: `the loop lost ${lost} changes that committed late` }),
    },
  ];
}

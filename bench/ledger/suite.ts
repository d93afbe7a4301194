import { createRecorder } from '../report/recorder.ts';
import type { Run, SuiteResult } from '../run.ts';
import { ledgerFindings } from './findings.ts';
import { loadsOf, type Taken } from './loads.ts';
import { setStage } from './stage.ts';

/** Debits, durable, by Morket and by what one would otherwise have; the books are checked after every round. */
export async function runLedger(run: Run): Promise<SuiteResult> {
  const { plan, say } = run;
  const stage = await setStage(run);
  const loads = loadsOf(stage);
  say(`Warming up ${loads.length} loads`);
  for (const load of loads) await load.run(plan.warmUpMs);
  await stage.verify();

  const recorder = createRecorder('ledger');
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const load of round % 2 === 0 ? loads : loads.toReversed()) {
      await stage.settle();
      const taken = await load.run(plan.durationMs);
      recorder.add({ name: load.name, round, ...taken });
      say(`  round ${round + 1}  ${load.name.padEnd(48)} ${describe(taken)}`);
    }
    await stage.verify();
  }
  const findings = ledgerFindings(recorder, stage.hasPgbench);
  return { findings, measurements: recorder.measurements, machine: stage.machine };
}

function describe({ perSecond, p50Ms, p99Ms, refused = 0 }: Taken): string {
  const latency = p50Ms === null || p99Ms === null ? '' : `  p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`;
  const turnedAway = refused === 0 ? '' : `, ${refused} refused as overload`;
  return `${String(Math.round(perSecond)).padStart(6)}/s${latency}${turnedAway}`;
}

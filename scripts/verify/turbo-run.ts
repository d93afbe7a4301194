import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { runChild } from '../bootstrap/run-child.mjs';

/** How one check ended. `output` is what it printed, without the wrapping of npm and Turborepo. */
export type CheckOutcome = {
  readonly name: string;
  readonly passed: boolean;
  readonly cached: boolean;
  readonly durationMs: number;
  readonly output: string;
};

/** The parts we read of the summary that `turbo run --summarize` writes. */
type RunSummary = {
  readonly tasks: readonly {
    readonly task: string;
    readonly logFile: string;
    readonly cache: { readonly status: 'HIT' | 'MISS' };
    readonly execution?: { readonly startTime: number; readonly endTime: number; readonly exitCode: number | null };
  }[];
};

/** What npm and Turborepo add around a check's own lines. */
const WRAPPING = /^(?:npm (?:warn|error)\b|> |cache (?:hit|miss), )/;

/**
 * Runs root tasks of turbo.json, two at a time, each to its end whatever the others do; unchanged ones come from the
 * local cache. Throws when Turborepo itself fails; null when the run was interrupted.
 */
export async function runTurbo(root: string, tasks: readonly string[]): Promise<CheckOutcome[] | null> {
  const turbo = path.join(root, 'node_modules', 'turbo', 'bin', 'turbo');
  const flags = [
    '--continue=always',
    '--concurrency=2',
    '--summarize',
    '--json',
    '--cache=local:rw',
    '--no-update-notifier',
  ];
  // Local means local: nothing is reported anywhere, and a team's remote cache is not consulted.
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', TURBO_TOKEN: '', TURBO_TEAM: '' };
  const { output, interrupted } = await runChild(process.execPath, [turbo, 'run', ...tasks, ...flags], {
    cwd: root,
    env,
    capture: true,
  });
  if (interrupted) return null;
  const summary = takeSummary(output);
  const outcomes = summary?.tasks.map((task) => outcomeOf(root, task)) ?? [];
  const missing = tasks.filter((name) => !outcomes.some((outcome) => outcome.name === name));
  if (missing.length > 0) throw new Error(`Turborepo did not run ${missing.join(', ')}:\n${textOf(output)}`);
  return outcomes;
}

function outcomeOf(root: string, { task, logFile, cache, execution }: RunSummary['tasks'][number]): CheckOutcome {
  const lines = readFileSync(path.join(root, logFile), 'utf8').split('\n');
  return {
    name: task,
    passed: execution?.exitCode === 0,
    cached: cache.status === 'HIT',
    durationMs: execution ? execution.endTime - execution.startTime : 0,
    output: lines
      .filter((line) => !WRAPPING.test(line))
      .join('\n')
      .trim(),
  };
}

/** The summary is named only in the run's own messages. It is taken away: nobody clears the folder it is written to. */
function takeSummary(output: string): RunSummary | null {
  const file = /^Summary:\s+(.+\.json)$/m.exec(textOf(output))?.[1];
  if (!file) return null;
  const summary = JSON.parse(readFileSync(file, 'utf8')) as RunSummary; // Written by the pinned version.
  rmSync(file);
  return summary;
}

/** Turborepo's own messages, out of its lines of JSON; a line that is none is kept as it is. */
function textOf(output: string): string {
  return output
    .split('\n')
    .flatMap((line) => {
      try {
        const { source, text } = JSON.parse(line) as { source: string; text: string };
        return source === 'turbo' ? [text] : [];
      } catch {
        return line === '' ? [] : [line];
      }
    })
    .join('\n');
}

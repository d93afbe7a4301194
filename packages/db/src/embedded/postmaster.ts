import type { ChildProcess } from 'node:child_process';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Binaries } from './binaries.ts';
import { EmbeddedPostgresError } from './errors.ts';
import type { Launcher } from './launcher.ts';
import { type ServerSettings, serverArguments } from './settings.ts';
import { stopWithEscalation } from './stop-signals.ts';

const run = promisify(execFile);

/** Long enough to replay the log of a crash. */
const READY_WITHIN_MS = 120_000;

export type Postmaster = {
  readonly pid: number;
  /** Resolves with a description of how the process ended, whoever ended it. */
  readonly ended: Promise<string>;
  /** Fast shutdown, escalating; resolves when the process is gone. */
  stop(): Promise<void>;
  /** Asks for a fast shutdown without waiting: all that an exiting process can still do. */
  signalStop(): void;
};

/** Why a server did not come up, as far as trying again can help. */
export class PostmasterStartError extends EmbeddedPostgresError {
  readonly obstacle: 'portTaken' | 'directoryBusy' | 'other';

  constructor(output: string, ended: string) {
    super(`PostgreSQL did not start (${ended}):\n${output}`);
    this.obstacle = obstacleOf(output);
  }
}

type PostmasterOptions = ServerSettings & {
  readonly dataDir: string;
  readonly binaries: Binaries;
  readonly launcher: Launcher;
  readonly onLog: (line: string) => void;
  readonly signal: AbortSignal;
};

/** Starts one server and resolves when it accepts connections. Aborting `signal` before that stops it again. */
export async function startPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  const { dataDir, binaries, launcher, onLog, signal } = options;
  // A group of its own: Ctrl-C in the terminal must not stop the database before its clients have finished.
  const child = launcher.spawn(binaries.postgres, serverArguments(dataDir, options), {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const postmaster = controls(child, binaries, dataDir);
  const recent: string[] = [];
  const ready = new Promise<'ready'>((resolve) => {
    // stderr is always a pipe here; the type does not know the options above.
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      recent.push(line);
      if (recent.length > 30) recent.shift();
      onLog(line);
      if (line.includes('database system is ready to accept connections')) resolve('ready');
    });
  });
  const over = new AbortController();
  const timeout = delay(READY_WITHIN_MS, 'timeout' as const, { signal: AbortSignal.any([signal, over.signal]) });
  const outcome = await Promise.race([
    ready,
    postmaster.ended.then(() => 'ended' as const),
    timeout.catch(() => 'aborted'),
  ]);
  over.abort();
  if (outcome === 'ready') return postmaster;
  if (outcome !== 'ended') await postmaster.stop();
  throw new PostmasterStartError(recent.join('\n'), outcome === 'ended' ? await postmaster.ended : outcome);
}

function controls(child: ChildProcess, binaries: Binaries, dataDir: string): Postmaster {
  // 'exit' and not 'close': orphaned backends hold stderr open after a postmaster was killed.
  const ended = once(child, 'exit').then(
    ([code, signal]) => (signal === null ? `exit code ${code}` : String(signal)),
    (error: unknown) => String(error),
  );
  const send = (signal: NodeJS.Signals) => {
    // Windows has no signals; pg_ctl asks for the fast shutdown there.
    if (process.platform === 'win32' && signal === 'SIGINT') {
      run(binaries.pgCtl, ['stop', '-D', dataDir, '-m', 'fast', '-W'], { windowsHide: true }).catch(() => {});
    } else if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  };
  const hasEndedWithin = async (timeoutMs: number) => {
    const over = new AbortController();
    const timeout = delay(timeoutMs, false, { signal: over.signal }).catch(() => false);
    const inTime = await Promise.race([ended.then(() => true), timeout]);
    over.abort();
    return inTime;
  };
  return {
    // A process that could not be spawned has no pid; `ended` then settles before anybody reads it.
    pid: child.pid ?? 0,
    ended,
    stop: () => stopWithEscalation({ send, hasEndedWithin }),
    signalStop: () => send('SIGINT'),
  };
}

function obstacleOf(output: string): PostmasterStartError['obstacle'] {
  if (/could not (bind|create any TCP\/IP)/.test(output)) return 'portTaken';
  return /pre-existing shared memory block|lock file .* already exists/.test(output) ? 'directoryBusy' : 'other';
}

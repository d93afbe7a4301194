import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the API's process and its commands begin. */
const SOURCES = new URL('../../../apps/api/src/', import.meta.url);

/** The worker's process, seen from there. */
export const WORKER = '../../worker/src/main.ts';
type Command =
  | 'commands/keys.ts'
  | 'commands/db.ts'
  | 'commands/ledger.ts'
  | 'commands/audit.ts'
  | '../../worker/src/commands/events.ts';

export type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** A process of the product, spawned as an operator would. */
export type ApiProcess = {
  readonly pid: number;
  /** What it has printed so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves when the text has been printed; rejects, with all that was, when the process ends without. */
  printed(text: string): Promise<void>;
  /** Resolves with its address when it takes requests. */
  listening(): Promise<URL>;
  signal(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ending>;
};

const running = new Set<ChildProcess>();

/** Ends what a test has left running; call it after each test. */
export async function endApiProcesses(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }),
  );
}

/** Runs `script` of the API's sources; of this process's environment it sees the PATH alone. */
export function startApi(
  env: Readonly<Record<string, string>>,
  script: 'main.ts' | typeof WORKER | Command = 'main.ts',
  ...args: readonly string[]
): ApiProcess {
  const child = spawn(process.execPath, [fileURLToPath(new URL(script, SOURCES)), ...args], {
    // The cache halves what a start costs; Node keeps it valid by itself.
    env: { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: join(tmpdir(), 'morket-compile-cache'), ...env },
    cwd: tmpdir(), // where no .env file is found
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const text = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    text.stdout += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    text.stderr += chunk.toString('utf8');
  });
  // 'close', not 'exit': by then all that was printed has arrived.
  const ended = once(child, 'close').then(([code, signal]): Ending => {
    running.delete(child);
    return { code, signal };
  });

  function printed(wanted: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!text.stdout.includes(wanted)) return;
        // Under load it would search all that is printed from then on.
        child.stdout.off('data', look);
        resolve();
      };
      child.stdout.on('data', look);
      look();
      ended.then(
        ({ code }) =>
          reject(new Error(`ended with ${code} before it printed "${wanted}":\n${text.stdout}\n${text.stderr}`)),
        reject,
      );
    });
  }

  async function listening(): Promise<URL> {
    await printed('"msg":"Server listening at http://');
    const url = /"msg":"Server listening at ([^"]+)"/.exec(text.stdout)?.[1];
    if (!url) throw new Error(`no address in:\n${text.stdout}`);
    return new URL(url);
  }

  return {
    pid: child.pid ?? 0,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    printed,
    listening,
    signal: (signal) => void child.kill(signal),
    ended,
  };
}

/** Runs a command to its end. */
export async function runCommand(
  env: Readonly<Record<string, string>>,
  script: Command,
  ...args: readonly string[]
): Promise<Ending & { readonly stdout: string; readonly stderr: string }> {
  const command = startApi(env, script, ...args);
  const ending = await command.ended;
  return { ...ending, stdout: command.stdout(), stderr: command.stderr() };
}

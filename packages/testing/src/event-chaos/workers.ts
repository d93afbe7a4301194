import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('./worker-process.ts', import.meta.url));

export type ChaosWorkers = {
  /** SIGKILL to the one at this place, then a new process in it; resolves when that one runs. */
  kill(place: number): Promise<void>;
  /** Unless killed, no worker ends: what one said that did. */
  complaints(): readonly string[];
  end(): Promise<void>;
};

/** So many workers as processes of their own on one database. */
export async function startWorkers(options: {
  readonly databaseUrl: string;
  readonly count: number;
  readonly forgetful: boolean;
}): Promise<ChaosWorkers> {
  const { databaseUrl, count, forgetful } = options;
  const env = {
    ...{ PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: join(tmpdir(), 'morket-compile-cache') },
    ...{
      NODE_ENV: 'production',
      DATABASE_URL: databaseUrl,
      LOG_LEVEL: 'fatal',
      CHAOS_FORGETFUL: forgetful ? '1' : '0',
    },
    ...{ JWT_SECRET: randomBytes(32).toString('hex'), ENCRYPTION_MASTER_KEY: randomBytes(32).toString('hex') },
  };
  const complaints: string[] = [];
  const children: ChildProcess[] = [];
  // A run that is stopped from outside leaves nobody behind.
  const endAll = () => {
    for (const child of children) child.kill('SIGKILL');
  };
  process.once('exit', endAll);

  async function start(place: number): Promise<void> {
    const child = spawn(process.execPath, [SCRIPT], { env, cwd: tmpdir(), stdio: ['ignore', 'pipe', 'pipe'] });
    children[place] = child;
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => said.push(String(chunk)));
    child.once('exit', (code, signal) => {
      if (signal !== 'SIGKILL') complaints.push(`a worker ended by itself (${code ?? signal}): ${said.join('')}`);
    });
    await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'exit')]);
  }

  async function end(child: ChildProcess | undefined): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  await Promise.all(Array.from({ length: count }, (_, place) => start(place)));
  return {
    kill: async (place) => {
      await end(children[place]);
      await start(place);
    },
    complaints: () => complaints,
    end: async () => {
      await Promise.all(children.map(end));
      process.off('exit', endAll);
    },
  };
}

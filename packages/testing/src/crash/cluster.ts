import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startEmbeddedPostgres } from '@morket/db/embedded';

const run = promisify(execFile);

export type CrashCluster = {
  readonly url: string;
  /**
   * SIGKILL, then waits until the server is back on the same directory and port. Killed `alone`, the postmaster leaves its
   * backends to find out by themselves; `withBackends` none of its processes gets to do anything more.
   */
  kill(how: 'alone' | 'withBackends'): Promise<void>;
  /** Stops the server and removes its directory. */
  remove(): Promise<void>;
};

type Options = {
  /** How often it will be killed at most. */
  readonly kills: number;
  /** False acknowledges commits that only the server's memory holds, which a crash must then be seen to lose. */
  readonly synchronousCommit: boolean;
};

const BACK_WITHIN_MS = 60_000;

/** A PostgreSQL that survives crashes as one in production does: `fsync` on, and `synchronous_commit` unless asked otherwise. */
export async function startCrashCluster({ kills, synchronousCommit }: Options): Promise<CrashCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'morket-crash-'));
  // Run by root, PostgreSQL runs as another user, who has to pass through.
  await chmod(directory, 0o711);
  let failure: Error | null = null;
  const server = await startEmbeddedPostgres({
    dataDir: join(directory, 'data'),
    password: randomBytes(16).toString('hex'),
    durable: true,
    restartDelaysMs: Array(3 * kills + 5).fill(20),
    settings: synchronousCommit
      ? { fsync: 'on', synchronous_commit: 'on' }
      : { synchronous_commit: 'off', wal_writer_delay: '10s' },
    onUnexpectedExit: (err) => {
      failure = err;
    },
  });

  async function kill(how: 'alone' | 'withBackends'): Promise<void> {
    const { pid } = server;
    const backends = how === 'withBackends' ? await childrenOf(pid) : [];
    for (const victim of [pid, ...backends]) sendKill(victim);
    const deadline = Date.now() + BACK_WITHIN_MS;
    // The supervisor puts the new server's pid in place when it accepts connections.
    while (server.pid === pid) {
      if (failure) throw failure;
      if (Date.now() > deadline) throw new Error(`PostgreSQL was not back ${BACK_WITHIN_MS} ms after a kill.`);
      await delay(10);
    }
  }

  async function remove(): Promise<void> {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }

  return { url: server.url, kill, remove };
}

async function childrenOf(pid: number): Promise<number[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=']);
  const pairs = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.flatMap(([child = 0, parent]) => (parent === pid && child > 0 ? [child] : []));
}

/** A backend may be gone before its turn comes. */
function sendKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (err) {
    if (!(err instanceof Error && 'code' in err && err.code === 'ESRCH')) throw err;
  }
}

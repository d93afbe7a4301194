import { setTimeout as delay } from 'node:timers/promises';
import { locateBinaries } from './binaries.ts';
import { canonicalPath } from './canonical-path.ts';
import { DATABASE, ensureCluster, SUPERUSER } from './cluster.ts';
import { acquireDataDirLock } from './data-dir-lock.ts';
import { EmbeddedPostgresError } from './errors.ts';
import { findFreePort } from './free-port.ts';
import { createLauncher } from './launcher.ts';
import { stopOrphan } from './orphan.ts';
import { type Postmaster, PostmasterStartError, startPostmaster } from './postmaster.ts';

export type EmbeddedPostgresOptions = {
  /** Made on the first start; `<dataDir>.lock` beside it keeps a second supervisor out. */
  readonly dataDir: string;
  /** Of the superuser `morket`; set when the directory is made, so later starts must pass the same one. */
  readonly password: string;
  /** False gives up what survives a crash for speed (tests). Default true. */
  readonly durable?: boolean;
  /** Default: a free one. */
  readonly port?: number;
  /** Default 100. */
  readonly maxConnections?: number;
  /** Further server settings by name, such as `shared_buffers`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Waits before each try to bring back a server that died; as many tries as entries. Default five, 7.5 s in all. */
  readonly restartDelaysMs?: readonly number[];
  /** Receives the server's log line by line; it never holds statements or row contents. */
  readonly onLog?: (line: string) => void;
  /** Called once when the server died and could not be brought back. */
  readonly onUnexpectedExit?: (error: Error) => void;
};

export type EmbeddedPostgres = {
  /** `postgres://morket:…@127.0.0.1:<port>/morket`; stays the same over restarts. */
  readonly url: string;
  readonly port: number;
  /** Of the running postmaster; another one after a restart. */
  readonly pid: number;
  /** Fast shutdown (connections are ended); resolves when the server is gone, within 20 s. Safe to call again. */
  stop(): Promise<void>;
};

const RESTART_DELAYS_MS = [100, 400, 1_000, 2_000, 4_000];
/** A server that ran this long starts the count of restarts anew. */
const STABLE_AFTER_MS = 60_000;
/** Backends of a killed server take a moment to notice. */
const BUSY_RETRY = { times: 50, everyMs: 100 } as const;

/**
 * Starts PostgreSQL on `dataDir` and keeps it running until stop(). A server that a killed process left behind is
 * stopped first. Throws DataDirLockedError while another process supervises the directory, else EmbeddedPostgresError.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { password, durable = true, maxConnections = 100, onLog = () => {} } = options;
  if (!/^[^\0\r\n]+$/.test(password)) throw new EmbeddedPostgresError('The password must be one non-empty line.');
  const dataDir = await canonicalPath(options.dataDir);
  const lock = await acquireDataDirLock(dataDir);
  try {
    const binaries = await locateBinaries();
    const launcher = await createLauncher(dataDir, binaries.postgres);
    await ensureCluster({ dataDir, password, durable, binaries, launcher });
    await stopOrphan(dataDir, onLog);
    const launch = (port: number, signal: AbortSignal) =>
      startPostmaster({
        ...{ dataDir, binaries, launcher, onLog, signal, port, durable, maxConnections },
        ...(options.settings && { settings: options.settings }),
      });
    const { port, postmaster } = await launchOnPort(launch, options.port);
    const supervision = supervise({
      first: postmaster,
      relaunch: (signal) => retryWhileBusy(() => launch(port, signal), ['directoryBusy', 'portTaken'], signal),
      restartDelaysMs: options.restartDelaysMs ?? RESTART_DELAYS_MS,
      onLog,
      onUnexpectedExit: options.onUnexpectedExit ?? (() => {}),
    });
    return {
      url: `postgres://${SUPERUSER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${DATABASE}`,
      port,
      get pid() {
        return supervision.pid();
      },
      stop: () => supervision.stop().finally(() => lock.release()),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

type Launch = (port: number, signal: AbortSignal) => Promise<Postmaster>;

async function launchOnPort(launch: Launch, fixedPort: number | undefined) {
  const { signal } = new AbortController();
  for (let attempt = 1; ; attempt++) {
    const port = fixedPort ?? (await findFreePort());
    try {
      return { port, postmaster: await retryWhileBusy(() => launch(port, signal), ['directoryBusy'], signal) };
    } catch (error) {
      const lostRace = error instanceof PostmasterStartError && error.obstacle === 'portTaken';
      if (!lostRace || attempt === 5) throw error;
      if (fixedPort !== undefined) {
        throw new EmbeddedPostgresError(`Port ${fixedPort} is taken by another program. Choose another one.`, {
          cause: error,
        });
      }
    }
  }
}

async function retryWhileBusy(
  launch: () => Promise<Postmaster>,
  obstacles: readonly PostmasterStartError['obstacle'][],
  signal: AbortSignal,
): Promise<Postmaster> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch();
    } catch (error) {
      const passing = error instanceof PostmasterStartError && obstacles.includes(error.obstacle);
      if (!passing || attempt === BUSY_RETRY.times) throw error;
      await delay(BUSY_RETRY.everyMs, undefined, { signal });
    }
  }
}

type SupervisionOptions = {
  readonly first: Postmaster;
  readonly relaunch: (signal: AbortSignal) => Promise<Postmaster>;
  readonly restartDelaysMs: readonly number[];
  readonly onLog: (line: string) => void;
  readonly onUnexpectedExit: (error: Error) => void;
};

function supervise({ first, relaunch, restartDelaysMs, onLog, onUnexpectedExit }: SupervisionOptions) {
  const stopping = new AbortController();
  let postmaster = first;
  // Our own process ending without stop() must not leave a server; it cannot wait here, but it can ask.
  const onProcessExit = () => postmaster.signalStop();
  process.once('exit', onProcessExit);

  async function keepRunning(): Promise<void> {
    let failures = 0;
    let startedAt = Date.now();
    for (;;) {
      const ended = await postmaster.ended;
      if (stopping.signal.aborted) return;
      if (Date.now() - startedAt > STABLE_AFTER_MS) failures = 0;
      for (let restarted = false; !restarted; failures++) {
        const waitMs = restartDelaysMs[failures];
        if (waitMs === undefined) {
          throw new EmbeddedPostgresError(`PostgreSQL ended unexpectedly (${ended}) and could not be restarted.`);
        }
        onLog(
          `PostgreSQL ended unexpectedly (${ended}); restart ${failures + 1} of ${restartDelaysMs.length} in ${waitMs} ms`,
        );
        await delay(waitMs, undefined, { signal: stopping.signal });
        try {
          postmaster = await relaunch(stopping.signal);
          restarted = true;
        } catch (error) {
          if (!stopping.signal.aborted) onLog(String(error));
        }
        if (stopping.signal.aborted) return;
      }
      startedAt = Date.now();
    }
  }

  const watching = keepRunning().catch((error: Error) => {
    if (!stopping.signal.aborted) onUnexpectedExit(error);
  });

  let stopped: Promise<void> | undefined;
  async function stopOnce(): Promise<void> {
    stopping.abort();
    await postmaster.stop();
    await watching;
    // A restart that finished while the stop began has put another server in place.
    await postmaster.stop();
    process.removeListener('exit', onProcessExit);
  }
  return {
    pid: () => postmaster.pid,
    stop() {
      stopped ??= stopOnce();
      return stopped;
    },
  };
}

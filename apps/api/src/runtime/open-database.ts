import { createDb } from '@morket/db';
import { DataDirLockedError, startEmbeddedPostgres } from '@morket/db/embedded';
import type { Env } from '../env.ts';
import { type DataPaths, readRuntime, type Secrets, saveRuntime } from './data-dir.ts';

/** The server of `DATABASE_URL` cannot be used; the message says which one, and why, but not the password. */
export class DatabaseOutOfReach extends Error {
  constructor(host: string, cause: unknown) {
    // Where a name has several addresses, Node's message is empty and its code tells.
    const { message = '', code = '' } = (cause ?? {}) as { message?: string; code?: string }; // of whatever shape: both default
    super(`PostgreSQL at ${host} (DATABASE_URL) cannot be used: ${message || code}.`, { cause });
    this.name = 'DatabaseOutOfReach';
  }
}

const REACH_TIMEOUT_MS = 5_000;

async function assertReachable(url: string): Promise<void> {
  const db = createDb({ url, poolSize: 1 });
  try {
    await db.ping(REACH_TIMEOUT_MS);
  } catch (err) {
    throw new DatabaseOutOfReach(new URL(url).host, err);
  } finally {
    await db.close();
  }
}

/** A PostgreSQL server to work on. */
export type OpenDatabase = {
  readonly url: string;
  /** Where its data is, for people. */
  readonly place: string;
  /** Stops what was started here; a server found running stays. */
  stop(): Promise<void>;
};

type Options = {
  readonly env: Env;
  readonly paths: DataPaths;
  readonly secrets: Secrets | null;
  readonly onLog?: (line: string) => void;
  readonly onUnexpectedExit?: (err: Error) => void;
};

/** The server of `DATABASE_URL`, else the embedded one, started here. Throws `DatabaseOutOfReach`, and `DataDirLockedError` when it runs elsewhere. */
export async function startDatabase({ env, paths, secrets, ...events }: Options): Promise<OpenDatabase> {
  if (env.DATABASE_URL !== undefined) {
    await assertReachable(env.DATABASE_URL);
    return {
      url: env.DATABASE_URL,
      place: `PostgreSQL at ${new URL(env.DATABASE_URL).host}`,
      stop: async () => undefined,
    };
  }
  if (!secrets) throw new Error('The embedded PostgreSQL needs the secrets of the data directory.');
  const postgres = await startEmbeddedPostgres({
    dataDir: paths.postgres,
    password: secrets.databasePassword,
    maxConnections: 100,
    ...events,
  });
  await saveRuntime(paths, { databasePort: postgres.port, url: null });
  return { url: postgres.url, place: paths.root, stop: () => postgres.stop() };
}

/** For commands: the same, or the embedded server of the process that is running on this data directory. */
export async function openDatabase(options: Options): Promise<OpenDatabase> {
  try {
    return await startDatabase(options);
  } catch (err) {
    const runtime = err instanceof DataDirLockedError ? await readRuntime(options.paths) : null;
    if (!runtime || !options.secrets) throw err;
    const password = encodeURIComponent(options.secrets.databasePassword);
    const url = `postgres://morket:${password}@127.0.0.1:${runtime.databasePort}/morket`;
    return { url, place: options.paths.root, stop: async () => undefined };
  }
}

import { DataDirLockedError, startEmbeddedPostgres } from '@morket/db/embedded';
import type { Env } from '../env.ts';
import { type DataPaths, readRuntime, type Secrets, saveRuntime } from './data-dir.ts';

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

/** The server of `DATABASE_URL`, else the embedded one, started here. Throws `DataDirLockedError` when it runs elsewhere. */
export async function startDatabase({ env, paths, secrets, ...events }: Options): Promise<OpenDatabase> {
  if (env.DATABASE_URL !== undefined) {
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

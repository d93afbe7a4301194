import { createDb, type Db } from '@morket/db';
import { DataDirLockedError, EmbeddedPostgresError } from '@morket/db/embedded';
import { MigrationError } from '@morket/db/migrations';
import { KeyRingMismatch } from '@morket/domain/secrets';
import { loadEnv } from '../env.ts';
import { type Configuration, configure } from '../runtime/configuration.ts';
import { DatabaseOutOfReach, openDatabase } from '../runtime/open-database.ts';

/** What a command works with. */
export type CommandSession = { readonly configuration: Configuration; readonly databaseUrl: string; readonly db: Db };

/** A wrong call of a command; the message tells the right one. */
export class UsageError extends Error {}

const isExpected = (err: unknown): err is Error =>
  err instanceof UsageError ||
  err instanceof MigrationError ||
  err instanceof EmbeddedPostgresError ||
  err instanceof DataDirLockedError ||
  err instanceof DatabaseOutOfReach ||
  err instanceof KeyRingMismatch;

/**
 * Runs one command against the database of this installation, whether a server is running on it or not. Exit codes: 0 done, 1
 * failed, 2 wrong usage.
 */
export async function runCommand(work: (session: CommandSession) => Promise<void>): Promise<void> {
  const env = loadEnv();
  const configuration = await configure(env);
  const { paths, secrets } = configuration;
  try {
    const database = await openDatabase({ env, paths, secrets });
    const db = createDb({ url: database.url, poolSize: 4 });
    try {
      await work({ configuration, databaseUrl: database.url, db });
    } finally {
      await db.close();
      await database.stop();
    }
  } catch (err) {
    if (!isExpected(err)) throw err;
    process.stderr.write(`${err.message}\n`);
    process.exitCode = err instanceof UsageError ? 2 : 1;
  }
  // The schema engine leaves a timer of ten seconds behind, for which nobody should have to wait.
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  process.exit();
}

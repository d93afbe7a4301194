import type { MigrationList } from '@prisma/schema-engine-wasm';
import { withMigrationLock } from './advisory-lock.ts';
import { type EngineSession, NO_FILTERS, rethrow, withSchemaEngine } from './engine.ts';
import { MigrationError } from './errors.ts';
import { MIGRATIONS_DIR, readMigrations } from './files.ts';
import { findPending, resolution } from './history.ts';

export type MigrateOptions = {
  readonly databaseUrl: string;
  /** Default: the repository's `prisma/migrations`. */
  readonly migrationsDir?: string;
  /** How long to wait for another process that is migrating. Default 60,000. */
  readonly lockTimeoutMs?: number;
  /** Called after each migration, as soon as it is committed. */
  readonly onApplied?: (name: string) => void;
};

/**
 * Applies what the database lacks, each migration in a transaction of its own; any number of processes may start at
 * once. Throws MigrationError when folder and database contradict each other or a migration fails.
 */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  const { databaseUrl, migrationsDir = MIGRATIONS_DIR, lockTimeoutMs = 60_000, onApplied = () => {} } = options;
  const migrations = await readMigrations(migrationsDir);
  return withMigrationLock(databaseUrl, lockTimeoutMs, () =>
    withSchemaEngine(databaseUrl, async (session) => {
      const pending = await findPending(session, migrations);
      const applied: string[] = [];
      for (const name of pending) {
        await applyOne(session, without(migrations, pending.slice(applied.length + 1)), name);
        applied.push(name);
        onApplied(name);
      }
      return { applied };
    }),
  );
}

/**
 * The names of the migrations that the database lacks; throws MigrationError where it contradicts the folder. It opens
 * an engine and a connection (some 50 ms): ask once at start, not with every probe.
 */
export async function findPendingMigrations(options: {
  databaseUrl: string;
  migrationsDir?: string;
}): Promise<string[]> {
  const migrations = await readMigrations(options.migrationsDir ?? MIGRATIONS_DIR);
  return withSchemaEngine(options.databaseUrl, (session) => findPending(session, migrations));
}

/** The engine applies all that its list holds; hiding the later ones lets each be reported once it is done. */
function without(migrations: MigrationList, names: readonly string[]): MigrationList {
  const migrationDirectories = migrations.migrationDirectories.filter(({ path }) => !names.includes(path));
  return { ...migrations, migrationDirectories };
}

async function applyOne(session: EngineSession, migrationsList: MigrationList, name: string): Promise<void> {
  await session.engine.applyMigrations({ migrationsList, filters: NO_FILTERS }).catch((error: unknown) => {
    const failure = session.lastScriptError();
    if (failure === null) return rethrow(error);
    const { message, detail, hint, position } = failure.error;
    const line =
      position === undefined ? '' : ` at line ${failure.script.slice(0, Number(position)).split('\n').length}`;
    const said = [message, detail, hint].filter((text) => text !== undefined).join(' ');
    throw new MigrationError('failed', `The migration ${name} failed${line}: ${said}\n${resolution(name)}`, {
      migrations: [name],
      cause: failure.error,
    });
  });
}

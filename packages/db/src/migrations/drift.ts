import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type EngineSession, NO_FILTERS, rethrow, withSchemaEngine } from './engine.ts';
import { MigrationError } from './errors.ts';
import { MIGRATIONS_DIR, readMigrations, readSchema, SCHEMA_DIR } from './files.ts';
import { findPending } from './history.ts';

export type DriftOptions = {
  readonly databaseUrl: string;
  /** Default: the repository's `prisma/schema`. */
  readonly schemaDir?: string;
};

/**
 * The SQL that would take the database to the schema, or null when they agree. Triggers, functions, CHECK and EXCLUDE
 * constraints, views, and partial or expression indexes are no part of a Prisma schema and never show.
 */
export async function drift({ databaseUrl, schemaDir = SCHEMA_DIR }: DriftOptions): Promise<string | null> {
  return withSchemaEngine(databaseUrl, (session) => compare(session, schemaDir));
}

/**
 * Writes `<UTC time>_<name>/migration.sql` with what the schema has and the database lacks, and returns its path; null
 * when they agree. The database must have every earlier migration, else MigrationError `pending`. Apply it with migrate().
 */
export async function createMigration(
  options: DriftOptions & { readonly name: string; readonly migrationsDir?: string },
): Promise<string | null> {
  const { databaseUrl, schemaDir = SCHEMA_DIR, migrationsDir = MIGRATIONS_DIR } = options;
  const label = toLabel(options.name);
  const migrations = await readMigrations(migrationsDir);
  const sql = await withSchemaEngine(databaseUrl, async (session) => {
    const pending = await findPending(session, migrations);
    if (pending.length > 0) {
      const message = `Apply the existing migrations first (npm run db:migrate): ${pending.join(', ')}.`;
      throw new MigrationError('pending', message, { migrations: pending });
    }
    return compare(session, schemaDir);
  });
  if (sql === null) return null;
  const names = migrations.migrationDirectories.map(({ path }) => path);
  const directory = join(migrationsDir, `${nextTimestamp(names, new Date())}_${label}`);
  await mkdir(directory);
  const path = join(directory, 'migration.sql');
  await writeFile(path, sql, { flag: 'wx' });
  if (migrations.lockfile.content === null) {
    await writeFile(join(migrationsDir, 'migration_lock.toml'), 'provider = "postgresql"\n');
  }
  return path;
}

async function compare({ engine }: EngineSession, schemaDir: string): Promise<string | null> {
  const files = await readSchema(schemaDir);
  const { exitCode, stdout } = await engine
    .diff({
      from: { tag: 'schemaDatasource', files, configDir: schemaDir },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: true,
      filters: NO_FILTERS,
    })
    .catch(rethrow);
  return exitCode === 0 ? null : (stdout ?? '');
}

function toLabel(name: string): string {
  const label = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 100);
  if (label === '')
    throw new MigrationError('invalidFiles', 'A migration needs a name of letters or digits, such as "add_deals".');
  return label;
}

/** Later than every existing migration, also when a clock was wrong: the folders are applied in the order of their names. */
function nextTimestamp(names: readonly string[], now: Date): string {
  const last =
    names
      .map((name) => /^\d{14}/.exec(name)?.[0] ?? '')
      .sort()
      .at(-1) ?? '';
  const current = toTimestamp(now);
  if (current > last) return current;
  const [, ...fields] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(last) ?? [];
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = fields.map(Number);
  return toTimestamp(new Date(Date.UTC(year, month - 1, day, hour, minute, second + 1)));
}

function toTimestamp(date: Date): string {
  return date.toISOString().replace(/\D/g, '').slice(0, 14);
}

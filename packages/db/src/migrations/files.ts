import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MigrationList, SchemaContainer } from '@prisma/schema-engine-wasm';
import { MigrationError } from './errors.ts';

/** The repository's own folders. */
export const MIGRATIONS_DIR = fileURLToPath(new URL('../../../../prisma/migrations', import.meta.url));
export const SCHEMA_DIR = fileURLToPath(new URL('../../../../prisma/schema', import.meta.url));

/** Reads a migrations folder in the order of application: `<timestamp>_<name>/migration.sql`. */
export async function readMigrations(migrationsDir: string): Promise<MigrationList> {
  const entries = await readdir(migrationsDir, { withFileTypes: true }).catch((error: unknown) => {
    throw new MigrationError('invalidFiles', `There is no migrations folder at ${migrationsDir}.`, { cause: error });
  });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const lockfile = { path: 'migration_lock.toml', content: await readText(join(migrationsDir, 'migration_lock.toml')) };
  return {
    baseDir: migrationsDir,
    lockfile,
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(names.sort().map((name) => readMigration(migrationsDir, name))),
  };
}

async function readMigration(
  migrationsDir: string,
  name: string,
): Promise<MigrationList['migrationDirectories'][number]> {
  const sql = await readText(join(migrationsDir, name, 'migration.sql'));
  if (sql === null) {
    const message = `The migration ${name} has no migration.sql. Restore the file, or delete the folder if it was never applied.`;
    throw new MigrationError('invalidFiles', message, { migrations: [name] });
  }
  return { path: name, migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } } };
}

/** A hash of all migrations: databases made by folders with the same one have the same schema. */
export async function migrationsFingerprint(migrationsDir: string = MIGRATIONS_DIR): Promise<string> {
  const { migrationDirectories } = await readMigrations(migrationsDir);
  return createHash('sha256').update(JSON.stringify(migrationDirectories)).digest('hex');
}

/** Reads every `.prisma` file of a schema folder, subfolders included. */
export async function readSchema(schemaDir: string): Promise<SchemaContainer[]> {
  const entries = await readdir(schemaDir, { recursive: true }).catch(() => []);
  const paths = entries.filter((name) => name.endsWith('.prisma')).sort();
  if (paths.length === 0) throw new MigrationError('invalidFiles', `There is no Prisma schema in ${schemaDir}.`);
  return Promise.all(paths.map(async (path) => ({ path, content: await readFile(join(schemaDir, path), 'utf8') })));
}

async function readText(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}

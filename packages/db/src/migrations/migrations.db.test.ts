import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createEmptyDatabase, createTestDatabase, withClient } from '@morket/testing/template-database';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMigration, drift } from './drift.ts';
import { MigrationError } from './errors.ts';
import { findPendingMigrations, migrate } from './migrate.ts';

const SCHEMA = `
datasource db {
  provider = "postgresql"
}

model Note {
  id    Int    @id
  title String
  body  Json

  @@index([title])
  @@map("notes")
}
`;

const NOTES = `
CREATE TABLE "notes" ("id" INTEGER NOT NULL, "title" TEXT NOT NULL, "body" JSONB NOT NULL, CONSTRAINT "notes_pkey" PRIMARY KEY ("id"));
CREATE INDEX "notes_title_idx" ON "notes"("title");
`;

/** What a Prisma schema cannot say, with a `;` wherever a splitter of statements would fall over it. */
const HAND_WRITTEN = `
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF NEW.title = 'a;b' THEN NEW.title := 'split; or not'; END IF;
  RETURN NEW;
END;
$body$;
CREATE TRIGGER shout BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION shout();
ALTER TABLE notes ADD CONSTRAINT notes_title_not_empty CHECK (title <> '');
CREATE UNIQUE INDEX notes_one_draft ON notes (title) WHERE id < 0;
CREATE INDEX notes_lower_title ON notes (lower(title));
CREATE VIEW loud_notes AS SELECT upper(title) AS title FROM notes;
ALTER TABLE notes SET UNLOGGED;
`;

let directory: string;
let migrationsDir: string;
let schemaDir: string;
let database: Awaited<ReturnType<typeof createEmptyDatabase>>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'morket-migrations-'));
  [migrationsDir, schemaDir] = [join(directory, 'migrations'), join(directory, 'schema')];
  await mkdir(migrationsDir);
  await mkdir(schemaDir);
  await writeFile(join(schemaDir, 'main.prisma'), SCHEMA);
  await writeMigration('20260101000000_notes', NOTES);
  await writeMigration('20260102000000_by_hand', HAND_WRITTEN);
  database = await createEmptyDatabase();
});
afterEach(async () => {
  await database.drop();
  await rm(directory, { recursive: true, force: true });
});

async function writeMigration(name: string, sql: string): Promise<void> {
  await mkdir(join(migrationsDir, name), { recursive: true });
  await writeFile(join(migrationsDir, name, 'migration.sql'), sql);
}

const run = (options: { lockTimeoutMs?: number } = {}) =>
  migrate({ databaseUrl: database.url, migrationsDir, ...options });

async function query(sql: string): Promise<Record<string, unknown>[]> {
  return withClient(database.url, async (client) => (await client.query(sql)).rows);
}

async function refusalOf(work: Promise<unknown>): Promise<MigrationError> {
  const refusal = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (refusal instanceof MigrationError) return refusal;
  throw new Error(`expected a MigrationError, got ${String(refusal)}`);
}

describe('migrate', () => {
  test('applies what is missing, in order, and then nothing', async () => {
    const seen: string[] = [];
    const first = await migrate({ databaseUrl: database.url, migrationsDir, onApplied: (name) => seen.push(name) });
    expect(first.applied).toEqual(['20260101000000_notes', '20260102000000_by_hand']);
    expect(seen).toEqual(first.applied);
    expect(await run()).toEqual({ applied: [] });
    expect(await findPendingMigrations({ databaseUrl: database.url, migrationsDir })).toEqual([]);
  });

  test('applies each once when several processes start together', async () => {
    const runs = await Promise.all([run(), run(), run()]);
    expect(runs.flatMap(({ applied }) => applied)).toEqual(['20260101000000_notes', '20260102000000_by_hand']);
    expect(await query('select count(*)::int as count from _prisma_migrations')).toEqual([{ count: 2 }]);
  });

  test('takes function bodies whole', async () => {
    await run();
    expect(await query(`insert into notes values (1, 'a;b', '{}') returning title`)).toEqual([
      { title: 'split; or not' },
    ]);
  });

  test('gives up waiting for another process, naming its backend', async () => {
    await withClient(database.url, async (client) => {
      await client.query(`select pg_advisory_lock(hashtextextended('morket:migrations', 0))`);
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      const refusal = await refusalOf(run({ lockTimeoutMs: 50 }));
      expect(refusal).toMatchObject({
        problem: 'locked',
        message: expect.stringContaining(`backend ${rows[0]?.pid} `),
      });
    });
    expect((await run()).applied).toHaveLength(2);
  });

  test('refuses a migration that was edited after it was applied', async () => {
    await run();
    await writeMigration('20260101000000_notes', `${NOTES}\n-- improved`);
    expect(await refusalOf(run())).toMatchObject({ problem: 'edited', migrations: ['20260101000000_notes'] });
  });

  test('refuses a database that knows more than the folder', async () => {
    await run();
    await rm(join(migrationsDir, '20260102000000_by_hand'), { recursive: true });
    expect(await refusalOf(run())).toMatchObject({ problem: 'missingOnDisk', migrations: ['20260102000000_by_hand'] });
    // Also when the folder has gone another way meanwhile.
    await writeMigration('20260103000000_other', 'SELECT 1;');
    expect(await refusalOf(run())).toMatchObject({ problem: 'missingOnDisk', migrations: ['20260102000000_by_hand'] });
  });

  test('refuses a folder without its SQL', async () => {
    await rm(join(migrationsDir, '20260101000000_notes', 'migration.sql'));
    expect(await refusalOf(run())).toMatchObject({ problem: 'invalidFiles', migrations: ['20260101000000_notes'] });
  });

  test('undoes a migration that fails, stops there, and goes on once it is corrected and resolved', async () => {
    const broken = '20260103000000_broken';
    await writeMigration(broken, 'CREATE TABLE half (id int);\n\nINSERT INTO notes\n  SELECT 1, missing;\n');
    await writeMigration('20260104000000_later', 'CREATE TABLE later (id int);');

    const refusal = await refusalOf(run());
    expect(refusal).toMatchObject({ problem: 'failed', migrations: [broken] });
    expect(refusal.message).toContain(`${broken} failed at line 4: column "missing" does not exist`);
    expect(await query(`select to_regclass('half') as half, to_regclass('later') as later`)).toEqual([
      { half: null, later: null },
    ]);

    const again = await refusalOf(run());
    expect(again).toMatchObject({ problem: 'failed', migrations: [broken] });
    expect(again.message).toContain('never finished (Error accessing result set, column not found: missing)');

    const [remedy = ''] = /^ +UPDATE .*$/m.exec(again.message) ?? [];
    await query(remedy);
    await writeMigration(broken, 'CREATE TABLE half (id int);');
    expect(await run()).toEqual({ applied: [broken, '20260104000000_later'] });
  });
});

describe('drift', () => {
  test('is null where the migrations make what the schema says; SQL written by hand is no drift', async () => {
    await run();
    expect(await drift({ databaseUrl: database.url, schemaDir })).toBeNull();
  });

  test('is the SQL that the migrations lack', async () => {
    await run();
    await query('drop index notes_title_idx');
    expect(await drift({ databaseUrl: database.url, schemaDir })).toContain(
      'CREATE INDEX "notes_title_idx" ON "notes"("title")',
    );
  });

  test('there is none between the product’s own migrations and schema', async () => {
    const migrated = await createTestDatabase();
    expect(await drift({ databaseUrl: migrated.url })).toBeNull();
    await migrated.drop();
  });
});

describe('createMigration', () => {
  const create = (name: string) => createMigration({ databaseUrl: database.url, migrationsDir, schemaDir, name });
  const addColumn = () =>
    writeFile(
      join(schemaDir, 'main.prisma'),
      SCHEMA.replace('body  Json', 'body  Json\n  pinned Boolean @default(false)'),
    );

  test('writes nothing where nothing differs', async () => {
    await run();
    expect(await create('nothing')).toBeNull();
    expect(await readdir(migrationsDir)).toHaveLength(2);
  });

  test('writes a migration that takes the database to the schema', async () => {
    await run();
    await addColumn();
    const path = await create('Pin notes!');
    expect(basename(dirname(path ?? ''))).toMatch(/^\d{14}_pin_notes$/);
    expect(await readFile(path ?? '', 'utf8')).toContain('ADD COLUMN     "pinned" BOOLEAN NOT NULL DEFAULT false');
    expect((await run()).applied).toHaveLength(1);
    expect(await drift({ databaseUrl: database.url, schemaDir })).toBeNull();
  });

  test('names it after the existing ones, however wrong a clock was', async () => {
    await writeMigration('29991231235959_from_the_future', 'SELECT 1;');
    await run();
    await addColumn();
    expect(basename(dirname((await create('pin')) ?? ''))).toBe('30000101000000_pin');
  });

  test('wants the existing migrations applied first', async () => {
    expect(await refusalOf(create('early'))).toMatchObject({
      problem: 'pending',
      migrations: ['20260101000000_notes', '20260102000000_by_hand'],
    });
  });

  test('wants a name', async () => {
    expect(await refusalOf(create('…'))).toMatchObject({ problem: 'invalidFiles' });
  });
});

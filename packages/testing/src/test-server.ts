import { randomBytes } from 'node:crypto';
import { access, chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deleteDataDir, startEmbeddedPostgres } from '@morket/db/embedded';
import { migrate, migrationsFingerprint } from '@morket/db/migrations';
import pg from 'pg';
import { withClient, withDatabase } from './template-database.ts';

export type TestServer = { readonly url: string; stop(): Promise<void> };

const PREFIX = 'morket-test-postgres-';
/** SQLSTATE duplicate_database. */
const DUPLICATE_DATABASE = '42P04';

/** The server of `url`, whose user needs CREATEDB, or else an embedded one in a temporary directory, fast and not durable. */
export async function startTestServer(url: string | undefined): Promise<TestServer> {
  if (url) return { url, stop: async () => {} };
  await removeAbandoned();
  const directory = await mkdtemp(join(tmpdir(), PREFIX));
  // Run by root, PostgreSQL runs as another user, who has to pass through.
  await chmod(directory, 0o711);
  const server = await startEmbeddedPostgres({
    dataDir: join(directory, 'data'),
    password: randomBytes(16).toString('hex'),
    durable: false,
    maxConnections: 300,
    // Vacuuming databases that live for seconds only takes time from the tests.
    settings: { shared_buffers: '64MB', autovacuum: 'off' },
  });
  return {
    url: server.url,
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * Makes sure that the server has a database with all migrations, and returns its name. The name holds the migrations'
 * hash, so that on a server of one's own it is made once per schema; runs at the same time share it.
 */
export async function ensureTemplateDatabase(serverUrl: string): Promise<string> {
  const name = `morket_template_${(await migrationsFingerprint()).slice(0, 16)}`;
  const draft = `${name}_${randomBytes(4).toString('hex')}`;
  await withClient(serverUrl, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount !== 0) return;
    await client.query(`create database ${draft}`);
    try {
      await migrate({ databaseUrl: withDatabase(serverUrl, draft) });
      // Renamed only when complete: whoever finds the name may rely on it.
      await client.query(`alter database ${draft} rename to ${name}`);
    } catch (error) {
      await client.query(`drop database if exists ${draft} with (force)`);
      const anotherRunWasFaster = error instanceof pg.DatabaseError && error.code === DUPLICATE_DATABASE;
      if (!anotherRunWasFaster) throw error;
    }
  });
  return name;
}

/** Runs that were killed leave their server running; the lock beside its directory tells a dead run from a live one. */
async function removeAbandoned(): Promise<void> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(PREFIX));
  for (const directory of names.map((name) => join(tmpdir(), name))) {
    try {
      await access(join(directory, 'data.lock'));
      await deleteDataDir(join(directory, 'data'));
      await rm(directory, { recursive: true, force: true });
    } catch {
      // Of a live run, just being made, or another user's: not ours to remove.
    }
  }
}

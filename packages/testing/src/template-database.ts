import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, inject } from 'vitest';

declare module 'vitest' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: only an interface merges into Vitest's own declaration.
  interface ProvidedContext {
    /** A database on the test server whose user may create others; never used for tests itself. */
    databaseUrl: string;
    /** The migrated database that test databases are copied from. */
    templateDatabase: string;
  }
}

export type TestDatabase = {
  readonly url: string;
  /** Ends its connections and removes it. */
  drop(): Promise<void>;
};

/** SQLSTATE object_in_use: somebody is connected to the template. */
const OBJECT_IN_USE = '55006';

/** A migrated database without rows, of the caller's own. Needs the global setup `postgres-global-setup.ts`. */
export function createTestDatabase(): Promise<TestDatabase> {
  return createDatabase((client, name) => copyTemplate(client, inject('templateDatabase'), name));
}

/** A database without any table, for tests of migrations themselves. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabase((client, name) => client.query(`create database ${name}`));
}

/** Gives a test file (or a `describe`) a database of its own; `url` may be read from `beforeAll` on. */
export function useTestDatabase(): { readonly url: string } {
  let database: TestDatabase | undefined;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database?.drop());
  return {
    get url() {
      if (!database)
        throw new Error('The test database exists only inside hooks and tests, not while tests are collected.');
      return database.url;
    },
  };
}

/** The same server, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

/** Opens a connection for the time of `work`; for statements such as CREATE DATABASE, which no transaction allows. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function createDatabase(create: (client: pg.Client, name: string) => Promise<unknown>): Promise<TestDatabase> {
  const serverUrl = inject('databaseUrl');
  const name = `morket_test_${randomBytes(8).toString('hex')}`;
  await withClient(serverUrl, (client) => create(client, name));
  return {
    url: withDatabase(serverUrl, name),
    async drop() {
      await withClient(serverUrl, (client) => client.query(`drop database if exists ${name} with (force)`));
    },
  };
}

async function copyTemplate(client: pg.Client, template: string, name: string): Promise<void> {
  const { rows } = await client.query<{ fsync: string }>(`select current_setting('fsync') as fsync`);
  // Copying files takes a third of the time of copying through the log, but needs checkpoints, dear where they reach the disk.
  const strategy = rows[0]?.fsync === 'off' ? 'file_copy' : 'wal_log';
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query(`create database ${name} template ${template} strategy ${strategy}`);
      return;
    } catch (error) {
      // A connection to the template that is just closing is still counted for a moment.
      const inUse = error instanceof pg.DatabaseError && error.code === OBJECT_IN_USE;
      if (!inUse || attempt === 50) throw error;
      await delay(100);
    }
  }
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endApiProcesses, runCommand } from '@morket/testing/api-process';
import { createEmptyDatabase, type TestDatabase, withClient } from '@morket/testing/template-database';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

/** The database commands on an empty database; each test goes on where the last one ended. */

let database: TestDatabase;
let dataDir: string;
beforeAll(async () => {
  database = await createEmptyDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'morket-commands-'));
});
afterEach(endApiProcesses);
afterAll(async () => {
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
});

const db = (...args: readonly string[]) => runCommand(env(), 'commands/db.ts', ...args);
const env = () => ({ DATABASE_URL: database.url, MORKET_DATA_DIR: dataDir, BCRYPT_ROUNDS: '4' });
const rowsOf = (sql: string) =>
  withClient(database.url, async (client) => (await client.query<Record<string, unknown>>(sql)).rows);
const emails = () => rowsOf('select email from users order by 1');

test('migrate applies what is missing, says what it applied, and ends when it is done', async () => {
  const startedAt = performance.now();
  const { code, stdout } = await db('migrate');
  expect(performance.now() - startedAt).toBeLessThan(10_000);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^applied \d{14}_\w+$/m);
  expect(await emails()).toEqual([]);
});

test('migrate has nothing to do the second time', async () => {
  expect(await db('migrate')).toMatchObject({ code: 0, stdout: 'The database is up to date.\n' });
});

test('seed makes the demo and prints its login, the same one each time', async () => {
  const first = await db('seed');
  expect(first.code).toBe(0);
  expect(first.stdout).toMatch(/^Demo login demo@morket\.dev \S+, workspace [0-9a-f-]{36}, API key mk_live_\w{49}\n$/);
  expect(await emails()).toEqual([{ email: 'demo@morket.dev' }]);
  expect((await db('seed')).stdout).toBe(first.stdout);
});

const nameOfDatabase = () => new URL(database.url).pathname.slice(1);

test.each([
  ['without --yes', () => [nameOfDatabase()]],
  ['with the name of another database than DATABASE_URL means', () => ['--yes', 'morket']],
])('reset %s deletes nothing, and says what is missing', async (_, args) => {
  const { code, stderr } = await db('reset', ...args());
  expect(code).toBe(2);
  expect(stderr).toContain('npm run db:reset -- --yes');
  expect(await emails()).toHaveLength(1);
});

test('reset, told so by name, starts over', async () => {
  await rowsOf(`create table left_over (id int)`);
  const { code, stdout } = await db('reset', '--yes', nameOfDatabase());
  expect(code).toBe(0);
  expect(stdout).toMatch(/applied[\s\S]*Demo login/);
  expect(await rowsOf(`select to_regclass('left_over') as left_over`)).toEqual([{ left_over: null }]);
  expect(await emails()).toEqual([{ email: 'demo@morket.dev' }]);
});

test('seed leaves a database with people of its own alone', async () => {
  await rowsOf(`update users set email = 'somebody@example.com' returning 1`);
  expect(await db('seed')).toMatchObject({ code: 0, stdout: 'The database is not empty: nothing was done.\n' });
  expect(await emails()).toEqual([{ email: 'somebody@example.com' }]);
});

test.each(['seed', 'reset'])('in production there is no %s', async (command) => {
  const production = {
    ...env(),
    NODE_ENV: 'production',
    BCRYPT_ROUNDS: '12',
    JWT_SECRET: 'a secret of forty characters, all of them',
    ENCRYPTION_MASTER_KEY: 'ab'.repeat(32),
  };
  const args = command === 'reset' ? ['--yes', nameOfDatabase()] : [];
  expect(await runCommand(production, 'commands/db.ts', command, ...args)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^A production database .*\n$/),
  });
  expect(await emails()).toHaveLength(1);
});

test('a wrong call is exit code 2 and tells the right ones; a bad name writes no migration', async () => {
  expect(await db('drop')).toMatchObject({ code: 2, stderr: expect.stringContaining('npm run db:migrate') });
  expect(await db('migration', '../escape')).toMatchObject({ code: 2, stderr: expect.stringContaining('snake_case') });
});

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiClient, type Demo, demoOf, signInAs } from '@morket/testing/api-client';
import { type ApiProcess, endApiProcesses, runCommand, startApi } from '@morket/testing/api-process';
import { useTestDatabase } from '@morket/testing/template-database';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** The life of a master key, from its successor to its end; each test goes on where the last one ended. */

const database = useTestDatabase();
let dataDir: string;
let api: ApiProcess;
let demo: Demo;
let client: ApiClient;

const env = () => ({
  DATABASE_URL: database.url,
  MORKET_DATA_DIR: dataDir,
  PORT: '0',
  BCRYPT_ROUNDS: '4',
  RATE_LIMIT_AUTH_PER_MINUTE: '0',
});
const keys = (...args: readonly string[]) => runCommand(env(), 'commands/keys.ts', ...args);

async function start(): Promise<void> {
  api = startApi(env());
  const url = await api.listening();
  demo = await demoOf(api);
  client = await signInAs(demo, url);
}
async function stop(): Promise<void> {
  api.signal('SIGTERM');
  expect(await api.ended).toEqual({ code: 0, signal: null });
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'morket-keys-'));
  await start();
});
afterAll(async () => {
  await endApiProcesses();
  await rm(dataDir, { recursive: true, force: true });
});

async function ringOnDisk(): Promise<string> {
  return JSON.parse(await readFile(join(dataDir, 'secrets.json'), 'utf8')).encryptionMasterKey;
}

async function store(key: string): Promise<void> {
  const { status } = await client.inWorkspace('POST', '/credentials', { providerName: 'hunter', key });
  expect(status).toBe(201);
}

/** What stands in the table of `keys status`, by version. */
async function status(): Promise<Record<string, string>> {
  const { code, stdout } = await keys('status');
  expect(code).toBe(0);
  const rows = stdout.trim().split('\n').slice(1);
  return Object.fromEntries(rows.map((row) => row.split(/\s+/)).map(([version, ...rest]) => [version, rest.join(' ')]));
}

test('rotate makes a successor beside a running server, and shows it to nobody', async () => {
  await store('first-provider-key');
  await store('second-provider-key');
  expect(await status()).toEqual({ 1: '2 current' });
  const rotated = await keys('rotate');
  expect(rotated).toMatchObject({ code: 0, stdout: expect.stringContaining('Version 2 is the new one') });
  expect(await ringOnDisk()).toMatch(/^2:[0-9a-f]{64},1:[0-9a-f]{64}$/);
  for (const version of (await ringOnDisk()).split(',')) expect(rotated.stdout).not.toContain(version.slice(2));
  expect(await status()).toEqual({ 1: '2 readable', 2: '0 current' });
});

test('a version in use is not retired, nor the current one, nor one that never was', async () => {
  const inUse = /^encryption key 1 still seals 2 secrets.*\n$/;
  expect(await keys('retire', '1')).toMatchObject({ code: 1, stderr: expect.stringMatching(inUse) });
  expect(await keys('retire', '2')).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be retired') });
  expect(await keys('retire', '7')).toMatchObject({ code: 1, stderr: expect.stringContaining('encryption key 7') });
  expect(await status()).toEqual({ 1: '2 readable', 2: '0 current' });
});

test('a server started again writes under the new version; rewrap moves the rest, once', async () => {
  await stop();
  await start();
  await store('third-provider-key');
  expect(await status()).toEqual({ 1: '2 readable', 2: '1 current' });
  const moved = await keys('rewrap', '--batch', '1');
  expect(moved).toMatchObject({ code: 0, stdout: expect.stringContaining('2 rewrapped') });
  expect(await status()).toEqual({ 1: '0 readable', 2: '3 current' });
  expect((await keys('rewrap')).stdout).not.toContain('rewrapped');
});

test('a version that nothing needs is retired, with the server stopped, and does not come back', async () => {
  await stop();
  const retired = await keys('retire', '1');
  expect(retired).toMatchObject({ code: 0, stdout: expect.stringContaining('Version 1 is retired.') });
  expect(await ringOnDisk()).toMatch(/^2:[0-9a-f]{64}$/);
  expect(await status()).toEqual({ 1: '0 retired', 2: '3 current' });
  await start();
  await store('fourth-provider-key');
  await stop();
});

test.each(['', 'retire x', 'rewrap --batch 0'])(
  'a wrong call is exit code 2 and tells the right one: %j',
  async (call) => {
    const { code, stderr } = await keys(...call.split(' ').filter(Boolean));
    expect(code).toBe(2);
    expect(stderr).toContain('npm run keys -- <command>');
  },
);

import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deleteDataDir } from '@morket/db/embedded';
import { type ApiProcess, endApiProcesses, runCommand, startApi } from '@morket/testing/api-process';
import { openConnection } from '@morket/testing/raw-http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** The life of one installation on its embedded PostgreSQL, as `npm start` leads it: each test goes on where the last one ended. */

let parent: string;
let dataDir: string;
let api: ApiProcess;
let url: URL;

const env = () => ({ MORKET_DATA_DIR: dataDir, PORT: '0', RATE_LIMIT_AUTH_PER_MINUTE: '0', BCRYPT_ROUNDS: '4' });
const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
function hasCurl(): boolean {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('curl is not installed: the example of the banner is not tried.');
    return false;
  }
}
const postmasterPid = async () =>
  Number.parseInt(await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8'), 10);

async function start(): Promise<void> {
  api = startApi(env());
  url = await api.listening();
}
async function stop(): Promise<void> {
  api.signal('SIGTERM');
  expect(await api.ended).toEqual({ code: 0, signal: null });
}

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'morket-runtime-'));
  // Run by root, PostgreSQL runs as another user, who has to pass through.
  await chmod(parent, 0o711);
  dataDir = join(parent, 'data');
});
afterAll(async () => {
  await endApiProcesses();
  await deleteDataDir(join(dataDir, 'postgres'));
  await rm(parent, { recursive: true, force: true });
});

type Login = { readonly email: string; readonly password: string; readonly workspaceId: string };
let demo: Login;
let token: string;

async function request(method: string, path: string, body?: unknown): Promise<{ status: number; data: unknown }> {
  const response = await fetch(new URL(`/api/v1${path}`, url), {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const { data } = (await response.json()) as { data: unknown }; // the envelope
  return { status: response.status, data };
}
async function signIn(): Promise<void> {
  token = '';
  const { status, data } = await request('POST', '/auth/login', { email: demo.email, password: demo.password });
  expect(status).toBe(200);
  token = (data as { accessToken: string }).accessToken; // of a login that worked
}
const inWorkspace = (path: string) => `/workspaces/${demo.workspaceId}${path}`;
const balance = async () => (await request('GET', inWorkspace('/billing'))).data as { creditBalance: number }; // of the demo's owner

describe('the first start', () => {
  test('makes database, secrets and demo, and says where everything is', async () => {
    await start();
    expect((await fetch(new URL('/api/v1/health', url))).status).toBe(200);
    expect((await fetch(new URL('/api/v1/health/ready', url))).status).toBe(200);
    await api.printed('Stop with Ctrl-C.');
    expect(api.stdout()).toContain(`Morket is ready at http://localhost:${url.port}`);
    expect(api.stdout()).toContain(dataDir);
    const [, email = '', password = ''] = /Demo login\s+(\S+)\s+(\S+)/.exec(api.stdout()) ?? [];
    const [, workspaceId = ''] = /Demo workspace\s+(\S+)/.exec(api.stdout()) ?? [];
    demo = { email, password, workspaceId };
    await signIn();
    expect(await balance()).toMatchObject({ creditBalance: 975 });
  });

  test('keeps its secrets to its owner', async () => {
    expect((await stat(join(dataDir, 'secrets.json'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(dataDir, 'runtime.json'))).mode & 0o777).toBe(0o600);
    const { jwtSecret, encryptionMasterKey, databasePassword } = JSON.parse(
      await readFile(join(dataDir, 'secrets.json'), 'utf8'),
    );
    for (const secret of [jwtSecret, encryptionMasterKey, databasePassword]) expect(api.stdout()).not.toContain(secret);
  });

  test.skipIf(!hasCurl())('the example it prints works when it is pasted into a shell', () => {
    const lines = api.stdout().split('\n');
    const from = lines.findIndex((line) => line.trim() === 'Try it:') + 1;
    const example = lines.slice(from, from + 3).join('\n');
    expect(example).toContain('curl');
    const answer = execFileSync('sh', ['-c', example], { encoding: 'utf8' });
    expect(JSON.parse(answer)).toMatchObject({
      success: true,
      data: { workspaceId: demo.workspaceId, creditBalance: 975 },
    });
  });

  test('a second process on the same data is refused, and told by whom', async () => {
    const second = startApi(env());
    expect(await second.ended).toEqual({ code: 1, signal: null });
    const lines = second.stderr().split('\n').filter(Boolean);
    expect(lines).toEqual([expect.stringContaining(`is in use by process ${api.pid}.`)]);
    expect((await fetch(new URL('/health/ready', url))).status).toBe(200);
  });
});

describe('SIGTERM', () => {
  test('answers the request under way, then ends with PostgreSQL and exit code 0', async () => {
    const postgres = await postmasterPid();
    const body = JSON.stringify({ email: demo.email, password: demo.password });
    const { socket, ended } = await openConnection(Number(url.port));
    const head = [
      'POST /api/v1/auth/login HTTP/1.1',
      'Host: x',
      'Content-Type: application/json',
      'Expect: 100-continue',
    ];
    const accepted = new Promise((resolve) => socket.once('data', resolve));
    socket.write(`${head.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n`);
    expect(String(await accepted)).toContain('100 Continue');
    api.signal('SIGTERM');
    await api.printed('"msg":"stopping"');
    socket.write(body);
    expect((await ended).body).toContain('"accessToken"');
    expect(await api.ended).toEqual({ code: 0, signal: null });
    expect(isRunning(postgres)).toBe(false);
    expect(api.stderr()).toBe('');
  });
});

describe('the next start', () => {
  test('finds everything again, within seconds', async () => {
    const startedAt = performance.now();
    await start();
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    await signIn();
    expect(await balance()).toMatchObject({ creditBalance: 975 });
  });
});

describe('kill -9', () => {
  test('loses nothing that was acknowledged; PostgreSQL, left alone, is taken over', async () => {
    const add = () => request('POST', inWorkspace('/billing/credits'), { amount: 5, description: 'before the crash' });
    let acknowledged = 0;
    // More are on their way than will be answered.
    const writers = Promise.allSettled(
      Array.from({ length: 4 }, async () => {
        for (;;) {
          if ((await add()).status !== 201) throw new Error('refused');
          acknowledged += 1;
          if (acknowledged === 20) api.signal('SIGKILL');
        }
      }),
    );
    await writers;
    expect((await api.ended).signal).toBe('SIGKILL');
    const orphan = await postmasterPid();

    await start();
    await signIn();
    const { creditBalance } = await balance();
    expect(creditBalance).toBeGreaterThanOrEqual(975 + acknowledged * 5);
    // At most one answer of each writer was lost on the way.
    expect(creditBalance).toBeLessThanOrEqual(975 + (acknowledged + 4) * 5);
    expect(await postmasterPid()).not.toBe(orphan);
  });
});

describe('keys', () => {
  const keys = (...args: readonly string[]) => runCommand(env(), 'commands/keys.ts', ...args);
  const ringOnDisk = async (): Promise<string> =>
    JSON.parse(await readFile(join(dataDir, 'secrets.json'), 'utf8')).encryptionMasterKey;

  /** What stands in the table of `keys status`, by version. */
  async function status(): Promise<Record<string, string>> {
    const { code, stdout } = await keys('status');
    expect(code).toBe(0);
    const rows = stdout.trim().split('\n').slice(1);
    return Object.fromEntries(
      rows.map((row) => row.split(/\s+/)).map(([version, ...rest]) => [version, rest.join(' ')]),
    );
  }

  test('status and rotate work beside a running server', async () => {
    for (const key of ['first-provider-key', 'second-provider-key']) {
      const { status: stored } = await request('POST', inWorkspace('/credentials'), { providerName: 'hunter', key });
      expect(stored).toBe(201);
    }
    expect(await status()).toEqual({ 1: '2 current' });
    const rotated = await keys('rotate');
    expect(rotated).toMatchObject({ code: 0, stdout: expect.stringContaining('Version 2 is the new one') });
    expect(await ringOnDisk()).toMatch(/^2:[0-9a-f]{64},1:[0-9a-f]{64}$/);
    expect(rotated.stdout).not.toContain((await ringOnDisk()).slice(2, 66));
    expect(await status()).toEqual({ 1: '2 readable', 2: '0 current' });
  });

  test('a version in use is not retired, nor the current one', async () => {
    expect(await keys('retire', '1')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^encryption key 1 still seals 2 secrets.*\n$/),
    });
    expect(await keys('retire', '2')).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be retired') });
    expect(await keys('retire', '7')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no encryption key 7'),
    });
    expect(await status()).toEqual({ 1: '2 readable', 2: '0 current' });
  });

  test('the server, started again, writes under the new version; rewrap moves the rest, once', async () => {
    await stop();
    await start();
    await signIn();
    await request('POST', inWorkspace('/credentials'), { providerName: 'hunter', key: 'third-provider-key' });
    expect(await status()).toEqual({ 1: '2 readable', 2: '1 current' });
    expect(await keys('rewrap', '--batch', '1')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('2 rewrapped'),
    });
    expect(await status()).toEqual({ 1: '0 readable', 2: '3 current' });
    expect((await keys('rewrap')).stdout).not.toContain('rewrapped');
  });

  test('a version that nothing needs is retired, with the server stopped, and does not come back', async () => {
    await stop();
    expect(await keys('retire', '1')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Version 1 is retired.'),
    });
    expect(await ringOnDisk()).toMatch(/^2:[0-9a-f]{64}$/);
    expect(await status()).toEqual({ 1: '0 retired', 2: '3 current' });
    await start();
    await signIn();
    const { status: rotated } = await request('POST', inWorkspace('/credentials'), {
      providerName: 'hunter',
      key: 'fourth-key',
    });
    expect(rotated).toBe(201);
  });

  test('another key than the database was written with starts nothing', async () => {
    await stop();
    const wrong = startApi({ ...env(), ENCRYPTION_MASTER_KEY: `2:${'ab'.repeat(32)}` });
    expect(await wrong.ended).toEqual({ code: 1, signal: null });
    expect(wrong.stderr().split('\n').filter(Boolean)).toEqual([
      expect.stringContaining('encryption key 2 is not the one'),
    ]);
  });

  test.each(['', 'retire x', 'rewrap --batch 0'])(
    'a wrong call is exit code 2 and tells the right one: %j',
    async (call) => {
      const { code, stderr } = await keys(...call.split(' ').filter(Boolean));
      expect(code).toBe(2);
      expect(stderr).toContain('npm run keys -- <command>');
    },
  );
});

import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deleteDataDir } from '@morket/db/embedded';
import { type ApiClient, type Demo, demoOf, signInAs } from '@morket/testing/api-client';
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

let demo: Demo;
let client: ApiClient;
const balance = async () => (await client.inWorkspace('GET', '/billing')).data as { creditBalance: number }; // of the demo's owner

describe('the first start', () => {
  test('makes database, secrets and demo, and says where everything is', async () => {
    await start();
    expect((await fetch(new URL('/api/v1/health', url))).status).toBe(200);
    expect((await fetch(new URL('/api/v1/health/ready', url))).status).toBe(200);
    demo = await demoOf(api);
    expect(api.stdout()).toContain(`Morket is ready at http://localhost:${url.port}`);
    expect(api.stdout()).toContain(dataDir);
    client = await signInAs(demo, url);
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

  test('the key of the example is kept beside the other secrets', async () => {
    const { demoApiKey } = JSON.parse(await readFile(join(dataDir, 'secrets.json'), 'utf8'));
    expect(demoApiKey).toMatch(/^mk_live_\w{49}$/);
    expect(api.stdout()).toContain(`Demo API key       ${demoApiKey}\n`);
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
    client = await signInAs(demo, url);
    expect(await balance()).toMatchObject({ creditBalance: 975 });
  });

  test('prints the same key, which is still good', async () => {
    const [, apiKey = ''] = /Demo API key\s+(\S+)/.exec(api.stdout()) ?? [];
    const answer = await fetch(new URL(`/api/v1/workspaces/${demo.workspaceId}/billing`, url), {
      headers: { 'x-api-key': apiKey },
    });
    expect(await answer.json()).toMatchObject({ success: true, data: { creditBalance: 975 } });
  });
});

describe('kill -9', () => {
  test('loses nothing that was acknowledged; PostgreSQL, left alone, is taken over', async () => {
    const credits = { amount: 5, description: 'before the crash' };
    const add = () => client.inWorkspace('POST', '/billing/credits', credits);
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
    client = await signInAs(demo, url);
    const { creditBalance } = await balance();
    expect(creditBalance).toBeGreaterThanOrEqual(975 + acknowledged * 5);
    // At most one answer of each writer was lost on the way.
    expect(creditBalance).toBeLessThanOrEqual(975 + (acknowledged + 4) * 5);
    expect(await postmasterPid()).not.toBe(orphan);
  });
});

describe('a command beside the running server', () => {
  test('uses the PostgreSQL that runs', async () => {
    const { code, stdout } = await runCommand(env(), 'commands/keys.ts', 'status');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1\s+0\s+current$/m);
    expect((await fetch(new URL('/health/ready', url))).status).toBe(200);
    await stop();
  });
});

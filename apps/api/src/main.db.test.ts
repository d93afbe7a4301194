import { once } from 'node:events';
import { createServer } from 'node:net';
import { endApiProcesses, startApi } from '@morket/testing/api-process';
import { useTestDatabase } from '@morket/testing/template-database';
import { afterEach, describe, expect, test } from 'vitest';

/** The process as an operator meets it, on a database of theirs. */

const database = useTestDatabase();
afterEach(endApiProcesses);

const KEY = '0123456789abcdef'.repeat(4);
const OTHER_KEY = 'fedcba9876543210'.repeat(4);
const production = () => ({
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  PORT: '0',
  DATABASE_URL: database.url,
  JWT_SECRET: 'a secret of forty characters, all of them',
  ENCRYPTION_MASTER_KEY: KEY,
  SHUTDOWN_DELAY_MS: '0',
});

const lines = (text: string) => text.split('\n').filter((line) => line !== '');

describe('a bad environment', () => {
  test('is one line for each variable, exit code 1, and nothing else', async () => {
    const api = startApi({
      PORT: 'http',
      LOG_LEVEL: 'loud',
      JWT_SECRET: 'short',
      BCRYPT_ROUNDS: '99',
      TRUST_PROXY: 'all',
    });
    expect(await api.ended).toEqual({ code: 1, signal: null });
    const named = lines(api.stderr()).map((line) => line.split(':', 1)[0]);
    expect(named.sort()).toEqual(['BCRYPT_ROUNDS', 'JWT_SECRET', 'LOG_LEVEL', 'PORT', 'TRUST_PROXY']);
    expect(api.stdout()).toBe('');
  });

  test('production without secrets refuses to start', async () => {
    const api = startApi({ NODE_ENV: 'production', DATABASE_URL: database.url });
    expect((await api.ended).code).toBe(1);
    expect(lines(api.stderr())).toEqual([
      'JWT_SECRET: is required in production',
      'ENCRYPTION_MASTER_KEY: is required in production',
    ]);
  });
});

describe('the port', () => {
  async function takePort(port: number): Promise<{ port: number; free(): Promise<unknown> }> {
    const server = createServer().listen(port, '127.0.0.1');
    await Promise.race([once(server, 'listening'), once(server, 'error')]).catch(() => undefined);
    const address = server.address();
    return {
      port: address !== null && typeof address === 'object' ? address.port : port,
      free: async () => server.close(),
    };
  }

  test('that was asked for and is taken is exit code 1 and one line', async () => {
    const taken = await takePort(0);
    const api = startApi({ ...production(), PORT: String(taken.port) });
    expect((await api.ended).code).toBe(1);
    expect(lines(api.stderr())).toEqual([expect.stringContaining(`Port ${taken.port} is taken.`)]);
    await taken.free();
  });

  test('that nobody asked for gives way to the next free one', async () => {
    // Taken by this test, or already by somebody else.
    const taken = await takePort(3_000);
    const { PORT: _, ...unasked } = production();
    const api = startApi(unasked);
    const url = await api.listening();
    expect(Number(url.port)).toBeGreaterThan(3_000);
    expect((await fetch(new URL('/health', url))).status).toBe(200);
    api.signal('SIGTERM');
    expect(await api.ended).toEqual({ code: 0, signal: null });
    await taken.free();
  });
});

describe('the encryption key', () => {
  test('another key than the one of this database refuses to start, and names its id', async () => {
    const first = startApi(production());
    await first.listening();
    first.signal('SIGTERM');
    expect(await first.ended).toEqual({ code: 0, signal: null });

    const wrong = startApi({ ...production(), ENCRYPTION_MASTER_KEY: OTHER_KEY });
    expect((await wrong.ended).code).toBe(1);
    expect(lines(wrong.stderr())).toEqual([expect.stringMatching(/encryption key 1\b/)]);
    expect(wrong.stderr() + wrong.stdout()).not.toContain(OTHER_KEY);

    const missing = startApi({ ...production(), ENCRYPTION_MASTER_KEY: `2:${OTHER_KEY}` });
    expect((await missing.ended).code).toBe(1);
    expect(lines(missing.stderr())).toEqual([expect.stringMatching(/encryption key 1\b.*not given/)]);
  });
});

describe('a database that cannot be used is exit code 1 and one line, without its password', () => {
  test.each([
    ['nobody listens', { port: '1' }, /ECONNREFUSED/],
    ['the password is wrong', { password: 'hunter2' }, /password/],
    ['there is no such database', { pathname: '/nowhere' }, /nowhere/],
  ])('%s', async (_, change, says) => {
    const url = Object.assign(new URL(database.url), change);
    const api = startApi({ ...production(), DATABASE_URL: url.href });
    expect((await api.ended).code).toBe(1);
    expect(lines(api.stderr())).toEqual([expect.stringMatching(says)]);
    expect(api.stderr()).toContain(url.host);
    expect(api.stderr() + api.stdout()).not.toContain(url.password);
  });
});

describe('stopping', () => {
  test('readiness is refused at once, health and requests go on for a while; a second signal ends it', async () => {
    const api = startApi({ ...production(), SHUTDOWN_DELAY_MS: '60000' });
    const url = await api.listening();
    const status = async (path: string) => (await fetch(new URL(path, url))).status;
    expect(await status('/health/ready')).toBe(200);
    api.signal('SIGTERM');
    await api.printed('"msg":"stopping"');
    expect(await status('/health/ready')).toBe(503);
    expect(await status('/api/v1/health/ready')).toBe(503);
    expect(await status('/health')).toBe(200);
    expect(await status('/api/v1/auth/me')).toBe(401);
    api.signal('SIGTERM');
    expect(await api.ended).toEqual({ code: 1, signal: null });
  });

  test('in production the log alone speaks: JSON on every line', async () => {
    const api = startApi(production());
    await api.listening();
    api.signal('SIGINT');
    expect(await api.ended).toEqual({ code: 0, signal: null });
    const messages = lines(api.stdout()).map((line) => (JSON.parse(line) as { msg: string }).msg); // pino's own shape
    expect(messages.slice(-3)).toEqual([expect.stringContaining('listening'), 'stopping', 'stopped']);
    expect(api.stderr()).toBe('');
  });
});

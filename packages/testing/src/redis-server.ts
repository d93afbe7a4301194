import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type RedisServer = { readonly url: string; stop(): Promise<void> };

/** Whether this machine has a `redis-server`. Where it has not, says so; in CI it must be there. */
export function isRedisInstalled(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch (err) {
    if (process.env.CI === 'true')
      throw new Error('CI has to test against Redis: install redis-server.', { cause: err });
    console.log('redis-server is not installed: its tests are left out.');
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

/** Starts an empty Redis on a free port of the loopback interface; it keeps nothing on disk. */
export async function startRedisServer(): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'morket-redis-'));
  const port = await freePort();
  const memoryOnly = ['--save', '', '--appendonly', 'no', '--dir', directory];
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', ...memoryOnly], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const ready = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.includes('Ready to accept connections')) resolve();
    });
  });
  await Promise.race([ready, ended.then(([code]) => Promise.reject(new Error(`redis-server ended with ${code}`)))]);
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

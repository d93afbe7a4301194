import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { StoredTokens } from '../src/index.ts';
import { fileTokens } from '../src/node.ts';
import type { FakeApi } from './fake-api.ts';
import { aSignedInClient } from './signed-in-client.ts';

// One test starts processes, which a busy machine makes slow.
vi.setConfig({ testTimeout: 30_000 });

const tokens: StoredTokens = {
  accessToken: 'a',
  refreshToken: 'r',
  refreshKey: 'k',
  receivedAt: 1,
  expiresIn: 900,
  signInId: 's',
  userId: 'u',
};

async function aFile(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'morket-tokens-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return path.join(folder, 'deep', 'tokens.json');
}

test('what is set is there for the next process, and null forgets it', async () => {
  const file = await aFile();
  expect(await fileTokens(file).get()).toBeNull();
  await fileTokens(file).set(tokens);
  expect(await fileTokens(file).get()).toEqual(tokens);
  await fileTokens(file).set(null);
  await fileTokens(file).set(null);
  expect(await fileTokens(file).get()).toBeNull();
});

test('only the owner can read the file, and nothing else is left beside it', async () => {
  const file = await aFile();
  const store = fileTokens(file);
  await writeWide(file);
  await store.set(tokens);
  await store.exclusive(async () => undefined);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(path.dirname(file))).toEqual([path.basename(file)]);

  async function writeWide(target: string) {
    await fileTokens(target).set(tokens);
    await writeFile(target, '{}', { mode: 0o644 });
  }
});

test('a file that holds something else is refused by name, without showing it', async () => {
  const file = await aFile();
  await fileTokens(file).set(tokens);
  for (const content of ['half a tok', '{"other":1}', '[]']) {
    await writeFile(file, content);
    const refusal = fileTokens(file).get();
    await expect(refusal).rejects.toThrow(`${file} holds no tokens of Morket`);
    await expect(refusal).rejects.not.toThrow(content);
  }
});

test('two stores over one file never work at once', async () => {
  const file = await aFile();
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await readFile(import.meta.filename);
    inside -= 1;
  };
  const stores = [fileTokens(file), fileTokens(file), fileTokens(file)];
  await Promise.all([...stores, ...stores].map((store) => store.exclusive(work)));
  expect(most).toBe(1);
});

test('work that fails gives the lock back', async () => {
  const store = fileTokens(await aFile());
  await expect(store.exclusive(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await store.exclusive(async () => 'next')).toBe('next');
});

test('the lock of a process that crashed is taken over', async () => {
  const file = await aFile();
  await fileTokens(file).set(tokens);
  await writeFile(`${file}.lock`, 'a process that is gone');
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(`${file}.lock`, longAgo, longAgo);
  expect(await fileTokens(file).exclusive(async () => 'mine')).toBe('mine');
});

test('two processes with one expired token refresh once', async () => {
  const file = await aFile();
  const bothAsked = Promise.withResolvers<void>();
  const { api, accounts } = await aSignedInClient({ tokens: fileTokens(file), clock: undefined });
  accounts.expireAll();
  let refused = 0;
  api.useWire(async (url, _init, deliver) => {
    const answer = await deliver();
    if (url.includes('auth.me') && answer.status === 401) {
      refused += 1;
      if (refused === 2) bothAsked.resolve();
      await bothAsked.promise;
    }
    return answer;
  });
  const url = await serve(api);

  const outputs = await Promise.all([callFromProcess(url, file), callFromProcess(url, file)]);

  expect(outputs).toEqual(['ada@example.com\n', 'ada@example.com\n']);
  expect(api.callsOf('auth.refresh')).toHaveLength(1);
});

/** Puts the fake API behind a port of its own. */
async function serve(api: FakeApi): Promise<string> {
  const server = createServer(async (request, response) => {
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const body = await text(request);
    const init = { method: request.method ?? 'GET', headers, body, signal: new AbortController().signal };
    const answer = await api.fetch(`http://api.test${request.url}`, init);
    response.writeHead(answer.status, { connection: 'close' }).end(await answer.text());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on a port, not a pipe
}

/** What a process of its own prints that asks who is signed in. */
async function callFromProcess(url: string, file: string): Promise<string> {
  const script = fileURLToPath(new URL('./asking-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, url, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  return text(child.stdout);
}

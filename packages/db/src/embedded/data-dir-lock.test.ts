import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acquireDataDirLock } from './data-dir-lock.ts';
import { DataDirLockedError } from './errors.ts';
import { processIdentity } from './process-identity.ts';

let parent: string;
let dataDir: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'morket-lock-'));
  dataDir = join(parent, 'data');
});
afterEach(() => rm(parent, { recursive: true, force: true }));

async function aDeadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  if (child.pid === undefined) throw new Error('the child was not spawned');
  return child.pid;
}

function leaveLock(pid: number, identity: string): Promise<void> {
  return writeFile(`${dataDir}.lock`, JSON.stringify({ pid, identity, nonce: 'left-behind' }));
}

test('a directory that a live process uses is refused, naming the process', async () => {
  const lock = await acquireDataDirLock(dataDir);
  const refusal = await acquireDataDirLock(dataDir).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(DataDirLockedError);
  expect(refusal).toMatchObject({ pid: process.pid, message: expect.stringContaining(`process ${process.pid}`) });
  await lock.release();
});

test('a released lock can be taken again, and leaves nothing behind', async () => {
  await (await acquireDataDirLock(dataDir)).release();
  await (await acquireDataDirLock(dataDir)).release();
  expect(await readdir(parent)).toEqual([]);
});

test('the lock of a process that is gone is taken over', async () => {
  await leaveLock(await aDeadPid(), 'whatever it was');
  await acquireDataDirLock(dataDir);
  expect(JSON.parse(await readFile(`${dataDir}.lock`, 'utf8'))).toMatchObject({ pid: process.pid });
  expect(await readdir(parent)).toEqual(['data.lock']);
});

test('the lock of a process whose pid now belongs to another one is taken over', async () => {
  await leaveLock(process.pid, 'an earlier boot:12345');
  await acquireDataDirLock(dataDir);
  expect(JSON.parse(await readFile(`${dataDir}.lock`, 'utf8'))).toMatchObject({
    pid: process.pid,
    identity: await processIdentity(process.pid),
  });
});

test('a lock file damaged by a power cut is taken over', async () => {
  await writeFile(`${dataDir}.lock`, '');
  await (await acquireDataDirLock(dataDir)).release();
  expect(await readdir(parent)).toEqual([]);
});

test('of many that find a dead lock at once, exactly one gets it', async () => {
  const deadPid = await aDeadPid();
  for (let round = 0; round < 30; round++) {
    await leaveLock(deadPid, 'whatever it was');
    const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => acquireDataDirLock(dataDir)));
    const [winner, ...others] = attempts.filter((attempt) => attempt.status === 'fulfilled');
    expect(others).toEqual([]);
    await winner?.value.release();
    expect(await readdir(parent)).toEqual([]);
  }
});

test('a late release does not remove the lock of the next holder', async () => {
  const first = await acquireDataDirLock(dataDir);
  await first.release();
  await acquireDataDirLock(dataDir);
  await first.release();
  await expect(acquireDataDirLock(dataDir)).rejects.toBeInstanceOf(DataDirLockedError);
});

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withLock } from './lock.mjs';

let folder: string;
let lock: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'lock-'));
  lock = path.join(folder, 'deep/install.lock');
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

async function leaveLock(pid: number | null) {
  await mkdir(lock, { recursive: true });
  if (pid !== null) await writeFile(path.join(lock, 'pid'), String(pid));
}

test('holders exclude each other, and each gets its turn', async () => {
  let inside = 0;
  let most = 0;
  const work = () =>
    withLock(lock, async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
      return 'done';
    });
  expect(await Promise.all([work(), work(), work(), work()])).toEqual(['done', 'done', 'done', 'done']);
  expect(most).toBe(1);
  expect(existsSync(lock)).toBe(false);
});

test('the lock of a process that died is taken over, by one of many', async () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  await leaveLock(pid);
  let inside = 0;
  const work = () =>
    withLock(lock, async () => {
      inside += 1;
      expect(inside).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    });
  await Promise.all([work(), work(), work()]);
});

test('the lock of a living process is respected until it goes', async () => {
  await leaveLock(process.pid);
  const work = vi.fn(async () => 'done');
  const result = withLock(lock, work);
  await vi.waitFor(() => expect(console.error).toHaveBeenCalledWith(expect.stringContaining('waiting')));
  expect(work).not.toHaveBeenCalled();
  await rm(lock, { recursive: true });
  expect(await result).toBe('done');
});

test('work that fails gives the lock back', async () => {
  const failing = withLock(lock, async () => {
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(existsSync(lock)).toBe(false);
});

import { chmod, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findClosedDirectory } from './reachability.ts';

const STRANGER = { uid: 987_654, gid: 987_654 };
let parent: string;

beforeEach(async () => {
  parent = await realpath(await mkdtemp(join(tmpdir(), 'morket-reach-')));
  await mkdir(join(parent, 'inner'));
});
afterEach(() => rm(parent, { recursive: true, force: true }));

test('names the outermost directory that a stranger may not pass', async () => {
  expect(await findClosedDirectory(join(parent, 'inner'), STRANGER)).toBe(parent);
});

test('an open way has no closed directory', async () => {
  await chmod(parent, 0o711);
  await chmod(join(parent, 'inner'), 0o711);
  expect(await findClosedDirectory(join(parent, 'inner'), STRANGER)).toBeNull();
});

test('the owner is judged by the owner bits alone', async () => {
  await chmod(parent, 0o711);
  await chmod(join(parent, 'inner'), 0o011);
  const owner = { uid: process.getuid?.() ?? 0, gid: STRANGER.gid };
  expect(await findClosedDirectory(join(parent, 'inner'), owner)).toBe(join(parent, 'inner'));
  expect(await findClosedDirectory(join(parent, 'inner'), STRANGER)).toBeNull();
});

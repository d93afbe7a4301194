import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isInstalledAsLocked } from './installed-packages.mjs';

const zod = { version: '4.0.0', integrity: 'sha512-a' };
const otherPlatform = { version: '1.0.0', integrity: 'sha512-b', optional: true };

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'installed-'));
  await mkdir(path.join(root, 'node_modules'));
});
afterEach(() => rm(root, { recursive: true }));

async function judge(locked: object, installed: object | null): Promise<boolean> {
  await writeFile(path.join(root, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...locked } }));
  const hidden = path.join(root, 'node_modules', '.package-lock.json');
  if (installed) await writeFile(hidden, JSON.stringify({ packages: installed }));
  return isInstalledAsLocked(root);
}

test.each([
  ['the same packages', { 'node_modules/zod': zod }, { 'node_modules/zod': zod }],
  [
    'a build for another platform left out',
    { 'node_modules/zod': zod, 'node_modules/b': otherPlatform },
    { 'node_modules/zod': zod },
  ],
  [
    'a build for this platform that the lock file lacks',
    { 'node_modules/zod': zod },
    { 'node_modules/zod': zod, 'node_modules/b': otherPlatform },
  ],
])('%s is as locked', async (_, locked, installed) => {
  expect(await judge(locked, installed)).toBe(true);
});

test.each([
  ['nothing installed', { 'node_modules/zod': zod }, null],
  ['a package missing', { 'node_modules/zod': zod }, {}],
  ['another version', { 'node_modules/zod': zod }, { 'node_modules/zod': { ...zod, version: '4.0.1' } }],
  ['other content', { 'node_modules/zod': zod }, { 'node_modules/zod': { ...zod, integrity: 'sha512-c' } }],
  ['a package too many', {}, { 'node_modules/zod': zod }],
])('%s is not', async (_, locked, installed) => {
  expect(await judge(locked, installed)).toBe(false);
});

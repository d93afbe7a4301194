import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { installFingerprint } from './fingerprint.mjs';

let root: string;
const write = async (file: string, content: unknown) => {
  await mkdir(path.dirname(path.join(root, file)), { recursive: true });
  await writeFile(path.join(root, file), JSON.stringify(content));
};

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'fingerprint-'));
  await write('package.json', { workspaces: ['packages/*'], scripts: { a: 'b' }, dependencies: { zod: '4.0.0' } });
  await write('package-lock.json', { packages: {} });
  await write('packages/db/package.json', { name: 'db', exports: {}, dependencies: { pg: '8.0.0' } });
});
afterEach(() => rm(root, { recursive: true }));

test('it is the same for the same tree', async () => {
  expect(await installFingerprint(root)).toBe(await installFingerprint(root));
});

test.each([
  ['the lock file', 'package-lock.json', { packages: { a: {} } }],
  [
    'a root dependency',
    'package.json',
    { workspaces: ['packages/*'], scripts: { a: 'b' }, dependencies: { zod: '4.0.1' } },
  ],
  ['a workspace dependency', 'packages/db/package.json', { name: 'db', exports: {}, dependencies: { pg: '8.0.1' } }],
  ['a new workspace', 'packages/rpc/package.json', { name: 'rpc' }],
])('%s changes it', async (_, file, content) => {
  const before = await installFingerprint(root);
  await write(file, content);
  expect(await installFingerprint(root)).not.toBe(before);
});

test.each([
  ['a script', 'package.json', { workspaces: ['packages/*'], scripts: { a: 'c' }, dependencies: { zod: '4.0.0' } }],
  [
    'an entry point',
    'packages/db/package.json',
    { name: 'db', exports: { '.': './a.ts' }, dependencies: { pg: '8.0.0' } },
  ],
  ['a folder without package.json', 'packages/notes/a.json', {}],
])('%s does not', async (_, file, content) => {
  const before = await installFingerprint(root);
  await write(file, content);
  expect(await installFingerprint(root)).toBe(before);
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Generator } from '../generators.ts';
import { planGeneration } from './plan.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'generate-'));
  await mkdir(path.join(root, 'out/deep'), { recursive: true });
  await writeFile(path.join(root, 'out/same.ts'), 'same');
  await writeFile(path.join(root, 'out/stale.ts'), 'old');
  await writeFile(path.join(root, 'out/deep/gone.ts'), 'gone');
});
afterEach(() => rm(root, { recursive: true }));

const generator = (files: Record<string, string>, owns?: string): Generator => ({
  name: 'sample',
  run: async () => Object.entries(files).map(([file, text]) => ({ path: file, text })),
  ...(owns ? { owns } : {}),
});

test('only what differs or is missing is rewritten', async () => {
  const files = { 'out/same.ts': 'same', 'out/stale.ts': 'new', 'out/missing.ts': 'new' };
  expect(await planGeneration([generator(files)], root)).toEqual({
    changed: [
      { path: 'out/stale.ts', text: 'new' },
      { path: 'out/missing.ts', text: 'new' },
    ],
    leftOver: [],
    total: 3,
  });
});

test('an owned folder holds nothing that is no longer made', async () => {
  const { leftOver } = await planGeneration([generator({ 'out/same.ts': 'same', 'out/stale.ts': 'old' }, 'out')], root);
  expect(leftOver).toEqual(['out/deep/gone.ts']);
});

test('two generators may not claim one file', async () => {
  const twice = [generator({ 'out/same.ts': 'same' }), generator({ 'out/same.ts': 'same' })];
  await expect(planGeneration(twice, root)).rejects.toThrow('out/same.ts');
});

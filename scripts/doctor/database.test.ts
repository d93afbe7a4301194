import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkDatabase } from './database.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'doctor-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a server that cannot be reached fails and is named without its password', async () => {
  const findings = await checkDatabase(ROOT, 'postgres://someone:hidden@127.0.0.1:1/morket', folder);
  expect(findings).toMatchObject([{ level: 'fail', what: expect.stringContaining('127.0.0.1:1') }]);
  expect(JSON.stringify(findings)).not.toContain('hidden');
});

test('an address that is none fails', async () => {
  expect(await checkDatabase(ROOT, 'nonsense', folder)).toMatchObject([{ level: 'fail' }]);
});

test('without DATABASE_URL the embedded server is looked at', async () => {
  const [, directory] = await checkDatabase(ROOT, undefined, path.join(folder, 'not/yet/there'));
  expect(directory).toMatchObject({ level: 'ok' });
});

test('a data directory that cannot be made fails', async () => {
  const file = path.join(folder, 'file');
  await writeFile(file, '');
  const [, directory] = await checkDatabase(ROOT, undefined, path.join(file, 'data'));
  expect(directory).toMatchObject({ level: 'fail', what: expect.stringContaining(file) });
});

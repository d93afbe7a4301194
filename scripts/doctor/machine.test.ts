import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkClock, checkDisk, checkSecretsFile, judgeFreeSpace } from './machine.ts';

const MIB = 1024 ** 2;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'doctor-'));
  await writeFile(path.join(folder, 'package.json'), '{}');
});
afterEach(() => rm(folder, { recursive: true }));

test.each([
  [0o600, 'ok'],
  [0o400, 'ok'],
  [0o640, 'fail'],
  [0o604, 'fail'],
])('a secrets file of mode %o is %s', async (mode, level) => {
  await writeFile(path.join(folder, 'secrets.json'), '{}');
  await chmod(path.join(folder, 'secrets.json'), mode);
  expect(await checkSecretsFile(folder)).toMatchObject({ level });
});

test('no secrets file yet is fine', async () => {
  expect(await checkSecretsFile(path.join(folder, 'missing'))).toMatchObject({ level: 'ok' });
});

test.each([
  [5_000 * MIB, 'ok'],
  [500 * MIB, 'warn'],
  [100 * MIB, 'fail'],
])('%d bytes free are %s', (bytes, level) => {
  expect(judgeFreeSpace(bytes)).toMatchObject({ level });
});

test('the disk of a directory that does not exist yet is the one above it', async () => {
  expect((await checkDisk(path.join(folder, 'a/b'))).what).toMatch(/^\d+ MiB of disk free$/);
});

test('a clock from before the checkout is refused', async () => {
  expect(await checkClock(folder, Date.UTC(2001, 0, 1))).toMatchObject({ level: 'fail' });
  expect(await checkClock(folder)).toMatchObject({ level: 'ok' });
});

import { createDb, type Db } from '@morket/db';
import { createTestDatabase, type TestDatabase } from '@morket/testing/template-database';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KeyRingMismatch, listKeyVersions, retireKey, verifyKeyRing } from './key-custody.ts';
import { parseKeyRing } from './key-ring.ts';

let database: TestDatabase;
let db: Db;
beforeEach(async () => {
  database = await createTestDatabase();
  db = createDb({ url: database.url, poolSize: 4 });
});
afterEach(async () => {
  await db.close();
  await database.drop();
});

const [one, two, three] = ['11', '22', '33'].map((byte) => byte.repeat(32));
const verify = (spec: string) => verifyKeyRing(db, parseKeyRing(spec));
async function refusalOf(work: Promise<void>): Promise<KeyRingMismatch> {
  const err: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (err instanceof KeyRingMismatch) return err;
  throw new Error(`expected a KeyRingMismatch, got ${String(err)}`);
}

test('a first start notes its keys, a later one is checked against them', async () => {
  await verify(`1:${one}`);
  await verify(`1:${one}`);
  await verify(`2:${two},1:${one}`);
  expect(await listKeyVersions(db)).toEqual([
    { version: 1, retiredAt: null },
    { version: 2, retiredAt: null },
  ]);
});

test('a wrong key refuses to start and names its id', async () => {
  await verify(`2:${two},1:${one}`);
  const refusal = await refusalOf(verify(`2:${three},1:${one}`));
  expect(refusal.versions).toEqual([2]);
  expect(refusal.message).toContain('encryption key 2');
});

test('a missing key refuses to start and names its id', async () => {
  await verify(`3:${three},2:${two},1:${one}`);
  const refusal = await refusalOf(verify(`2:${two}`));
  expect([...refusal.versions].sort()).toEqual([1, 3]);
});

test('a retired key is not asked for, does no harm when it is still given, and never becomes the current one', async () => {
  await verify(`2:${two},1:${one}`);
  await retireKey(db, 1);
  await verify(`2:${two}`);
  await verify(`2:${two},1:${one}`);
  await verify(`3:${three},2:${two}`);
  await retireKey(db, 3);
  expect((await refusalOf(verify(`3:${three},2:${two}`))).versions).toEqual([3]);
});

test('a refused start notes nothing, not even the good keys of its ring', async () => {
  await verify(`1:${one}`);
  await refusalOf(verify(`2:${two},1:${three}`));
  expect(await listKeyVersions(db)).toEqual([{ version: 1, retiredAt: null }]);
});

test('what is kept and what is said holds nothing of a key', async () => {
  await verify(`1:${one}`);
  const [row] = await db.read.encryptionKey.findMany();
  expect(Buffer.from(row?.checkValue ?? []).toString('hex')).not.toContain('1111');
  const refusal = await refusalOf(verify(`1:${two}`));
  expect(refusal.message).not.toMatch(/1111|2222/);
});

test('processes that start at once note one row a version', async () => {
  const others = Array.from({ length: 3 }, () => createDb({ url: database.url, poolSize: 1 }));
  const ring = parseKeyRing(`2:${two},1:${one}`);
  await Promise.all([db, ...others].map((each) => verifyKeyRing(each, ring)));
  await Promise.all(others.map((each) => each.close()));
  expect(await listKeyVersions(db)).toHaveLength(2);
});

test('of two processes that start with different keys on an empty database one is refused', async () => {
  const other = createDb({ url: database.url, poolSize: 1 });
  const outcomes = await Promise.allSettled([verify(`1:${one}`), verifyKeyRing(other, parseKeyRing(`1:${two}`))]);
  await other.close();
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

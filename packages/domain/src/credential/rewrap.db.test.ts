import { randomBytes } from 'node:crypto';
import { createDb, type Db } from '@morket/db';
import { aTenant, createWorld, type Tenant, type World } from '@morket/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  holdKeyVersion,
  KeyRingMismatch,
  retireKey,
  verifyKeyRing,
  withNewVersion,
  withoutVersion,
} from '../secrets/index.ts';
import { createCredentialService } from './credential.service.ts';
import { countByKeyVersion, rewrapBatch } from './rewrap.ts';
import { openPair } from './sealing.ts';

let world: World;
let tenant: Tenant;
beforeEach(async () => {
  world = await createWorld();
  tenant = await aTenant(world);
});
afterEach(() => world.close());

/** Stores `count` credentials under version 1 and makes version 2. */
async function aRotation(count: number) {
  const { credentials } = world.services;
  for (let index = 0; index < count; index += 1) {
    await credentials.store(tenant.scope, {
      providerName: `provider ${index}`,
      key: `key number ${index}`,
      ...(index % 2 === 0 ? { secret: `secret ${index}` } : {}),
    });
  }
  const ring = withNewVersion(world.configuration.ring);
  await verifyKeyRing(world.db, ring);
  return ring;
}

async function openedKeys(ring: Parameters<typeof openPair>[0]): Promise<string[]> {
  const rows = await world.db.read.apiCredential.findMany({ include: { workspace: true }, orderBy: { id: 'asc' } });
  return rows.map((row) => {
    const { key, secret } = openPair(ring, { ...row, salt: row.workspace.keySalt }, row);
    return `${key} ${secret}`;
  });
}
const expectedKeys = (count: number) =>
  Array.from({ length: count }, (_, index) => `key number ${index} ${index % 2 === 0 ? `secret ${index}` : null}`);

describe('rewrapping', () => {
  test('goes on where it stopped, and changes no secret', async () => {
    const ring = await aRotation(7);
    expect(await rewrapBatch(world.db, ring, 3)).toBe(3);
    expect(await countByKeyVersion(world.db)).toEqual(
      new Map([
        [1, 4],
        [2, 3],
      ]),
    );
    // Half-way, both versions are read.
    expect(await openedKeys(ring)).toEqual(expectedKeys(7));
    expect([
      await rewrapBatch(world.db, ring, 3),
      await rewrapBatch(world.db, ring, 3),
      await rewrapBatch(world.db, ring, 3),
    ]).toEqual([3, 1, 0]);
    expect(await countByKeyVersion(world.db)).toEqual(new Map([[2, 7]]));
    expect(await openedKeys(withoutVersion(ring, 1))).toEqual(expectedKeys(7));
  });

  test('by several processes at once does each row once', async () => {
    const ring = await aRotation(20);
    const databases = Array.from({ length: 4 }, () => createDb({ url: world.databaseUrl, poolSize: 2 }));
    const run = async (db: Db): Promise<number> => {
      let done = 0;
      for (let batch = -1; batch !== 0; done += batch) batch = await rewrapBatch(db, ring, 2);
      return done;
    };
    const done = await Promise.all(databases.map(run));
    await Promise.all(databases.map((db) => db.close()));
    expect(done.reduce((sum, count) => sum + count, 0)).toBe(20);
    expect(await countByKeyVersion(world.db)).toEqual(new Map([[2, 20]]));
    expect(await openedKeys(ring)).toEqual(expectedKeys(20));
  });

  test('a row that does not open stops its batch, which leaves all of its rows as they were', async () => {
    const ring = await aRotation(4);
    const last = await world.db.read.apiCredential.findFirstOrThrow({ orderBy: { id: 'desc' } });
    await world.db.read.apiCredential.update({
      where: { id: last.id },
      data: { sealedKey: new Uint8Array(randomBytes(120)) },
    });
    await expect(rewrapBatch(world.db, ring, 10)).rejects.toMatchObject({ name: 'EnvelopeError' });
    expect(await countByKeyVersion(world.db)).toEqual(new Map([[1, 4]]));
  });

  test('takes nothing from a rotation of the credential that happens at the same time', async () => {
    const ring = await aRotation(6);
    const { items } = await world.services.credentials.list(tenant.scope, { page: 1, limit: 10 });
    const renewing = createCredentialService({ db: world.db, ring });
    await Promise.all([
      ...items.map(({ id }, index) => renewing.rotate(tenant.scope, { credentialId: id, key: `new key ${index}` })),
      rewrapBatch(world.db, ring, 10),
      rewrapBatch(world.db, ring, 10),
    ]);
    expect((await openedKeys(ring)).sort()).toEqual(items.map((_, index) => `new key ${index} null`).sort());
  });
});

describe('retiring a version', () => {
  test('is refused while a secret needs it, and final once none does', async () => {
    const ring = await aRotation(2);
    await expect(retireKey(world.db, 1)).rejects.toMatchObject({
      name: 'KeyRingMismatch',
      message: expect.stringContaining('seals 2 secrets'),
    });
    await rewrapBatch(world.db, ring, 10);
    await retireKey(world.db, 1);
    await expect(retireKey(world.db, 1)).rejects.toBeInstanceOf(KeyRingMismatch);
    await expect(retireKey(world.db, 3)).rejects.toBeInstanceOf(KeyRingMismatch);
    // A process that still writes under version 1 is told so, and writes nothing.
    const write = world.services.credentials.store(tenant.scope, { providerName: 'late', key: 'a late key' });
    await expect(write).rejects.toMatchObject({ code: 'server.unavailable', cause: expect.any(KeyRingMismatch) });
    expect(await countByKeyVersion(world.db)).toEqual(new Map([[2, 2]]));
  });

  test('waits for a writer under way, and then sees what it wrote', async () => {
    await aRotation(0);
    const other = createDb({ url: world.databaseUrl, poolSize: 2 });
    const begun = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const writing = world.db.transaction(async (tx) => {
      await holdKeyVersion(tx, 1);
      begun.resolve();
      await finish.promise;
      const { sealedKey } = { sealedKey: new Uint8Array(93) };
      await tx.apiCredential.create({
        data: {
          id: crypto.randomUUID(),
          workspaceId: tenant.id,
          providerName: 'x',
          sealedKey,
          keyVersion: 1,
          maskedKey: '••••',
          createdBy: tenant.owner.user.id,
        },
      });
    });
    await begun.promise;
    const retiring = retireKey(other, 1).then(
      () => 'retired',
      (err: unknown) => (err instanceof KeyRingMismatch ? 'refused' : String(err)),
    );
    finish.resolve();
    await writing;
    expect(await retiring).toBe('refused');
    await other.close();
  });

  test('against many writers at once never leaves a secret without its key: twenty rounds', async () => {
    const { credentials } = world.services;
    const other = createDb({ url: world.databaseUrl, poolSize: 2 });
    for (let round = 0; round < 20; round += 1) {
      const writes = Array.from({ length: 3 }, () =>
        credentials.store(tenant.scope, { providerName: 'x', key: 'a key of some length' }),
      );
      const [retired] = await Promise.allSettled([retireKey(other, 1), ...writes]);
      const sealed = await world.db.read.apiCredential.count();
      if (retired?.status === 'fulfilled') expect(sealed).toBe(0);
      await world.db.read.apiCredential.deleteMany();
      await world.db.read.encryptionKey.update({ where: { version: 1 }, data: { retiredAt: null } });
    }
    await other.close();
  });
});

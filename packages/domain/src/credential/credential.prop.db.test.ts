import { CredentialNotFound } from '@morket/contract/credential';
import { aPerson, aTenant, type Tenant, useWorld } from '@morket/testing';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { openPair } from './sealing.ts';

const world = useWorld();
const PAGE = { page: 1, limit: 100 };
let tenant: Tenant;
let other: Tenant;
beforeAll(async () => {
  tenant = await aTenant(world);
  other = await aTenant(world, { owner: await aPerson(world) });
});

const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 80 })
  .filter((value) => value.isWellFormed() && !value.includes('\u0000'));
const pair = fc.record({ key: text, secret: fc.option(text, { nil: undefined }) }, { requiredKeys: ['key'] });
type Pair = { readonly key: string; readonly secret?: string | undefined };
/** Leaves `secret` out where there is none: an input has the field or has it not. */
const given = ({ key, secret }: Pair) => (secret === undefined ? { key } : { key, secret });

/** The row of a credential, opened with the key ring of this world. */
async function openedOf(id: string) {
  const row = await world.db.read.apiCredential.findUniqueOrThrow({ where: { id }, include: { workspace: true } });
  return { row, opened: openPair(world.configuration.ring, { ...row, salt: row.workspace.keySalt }, row) };
}

/** Every five characters in a row of a secret; shorter ones occur anywhere by chance. */
function partsOf(secret: string): string[] {
  const characters = [...secret];
  return Array.from({ length: Math.max(0, characters.length - 4) }, (_, at) => characters.slice(at, at + 5).join(''));
}

/**
 * Invariant: of a stored or rotated key only the mask leaves, of a secret nothing: neither any answer nor any column holds five
 * characters of them in a row, and what is sealed opens to exactly what was given.
 */
test('property 15: only masked values leave', async () => {
  await fc.assert(
    fc.asyncProperty(pair, pair, async (first, second) => {
      const { credentials } = world.services;
      const stored = await credentials.store(tenant.scope, { providerName: 'hunter', ...given(first) });
      expect((await openedOf(stored.id)).opened).toEqual({ key: first.key, secret: first.secret ?? null });
      const rotated = await credentials.rotate(tenant.scope, { credentialId: stored.id, ...given(second) });
      const { row, opened } = await openedOf(stored.id);
      expect(opened).toEqual({ key: second.key, secret: second.secret ?? null });
      expect(rotated.hasSecret).toBe(second.secret !== undefined);
      const listed = await credentials.list(tenant.scope, { page: 1, limit: 1 });
      expect(listed.items).toEqual([rotated]);

      const { workspace: _, ...columns } = row;
      const binary = [row.sealedKey, row.sealedSecret ?? new Uint8Array()].map((bytes) =>
        Buffer.from(bytes).toString('utf8'),
      );
      const visible = [stored, rotated, listed, { ...columns, sealedKey: null, sealedSecret: null }, binary]
        .map((value) => JSON.stringify(value))
        .join('\n');
      for (const secret of [first.key, second.key, first.secret ?? '', second.secret ?? '']) {
        for (const part of partsOf(secret)) expect(visible).not.toContain(JSON.stringify(part).slice(1, -1));
      }
      await credentials.delete(tenant.scope, { credentialId: stored.id });
    }),
    { numRuns: 100 },
  );
});

/** Invariant: after any mix of storing and deleting, the list holds exactly what was not deleted, newest first, of this workspace. */
test('property 16: a deleted credential is gone from the list', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ remove: fc.boolean(), which: fc.nat(3) }), { minLength: 1, maxLength: 6 }),
      async (steps) => {
        const { credentials } = world.services;
        const { scope } = await aTenant(world, { owner: tenant.owner });
        const kept: string[] = [];
        const deleted: string[] = [];
        for (const { remove, which } of steps) {
          const id = kept[which % Math.max(1, kept.length)];
          if (remove && id !== undefined) {
            await credentials.delete(scope, { credentialId: id });
            deleted.push(...kept.splice(kept.indexOf(id), 1));
          } else
            kept.unshift((await credentials.store(scope, { providerName: 'hunter', key: 'a key of some length' })).id);
        }
        const { items, total } = await credentials.list(scope, PAGE);
        expect(items.map(({ id }) => id)).toEqual(kept);
        expect(total).toBe(kept.length);
        expect(await world.db.read.apiCredential.count({ where: { id: { in: deleted } } })).toBe(0);
        for (const credentialId of deleted)
          await expect(credentials.delete(scope, { credentialId })).rejects.toSatisfy(CredentialNotFound.is);
      },
    ),
    { numRuns: 100 },
  );
});

test('another workspace’s credential can be neither rotated nor deleted, and looks like none', async () => {
  const { credentials } = world.services;
  const { id } = await credentials.store(tenant.scope, { providerName: 'hunter', key: 'a key of some length' });
  for (const credentialId of [id, crypto.randomUUID()]) {
    await expect(credentials.rotate(other.scope, { credentialId, key: 'mine now, I hope' })).rejects.toSatisfy(
      CredentialNotFound.is,
    );
    await expect(credentials.delete(other.scope, { credentialId })).rejects.toSatisfy(CredentialNotFound.is);
  }
  expect((await credentials.list(other.scope, PAGE)).items).toEqual([]);
  expect((await openedOf(id)).opened.key).toBe('a key of some length');
});

test('many rotations at once leave one pair, key and secret of the same call', async () => {
  const { credentials } = world.services;
  const { id } = await credentials.store(tenant.scope, { providerName: 'hunter', key: 'key 0', secret: 'secret 0' });
  const pairs = Array.from({ length: 12 }, (_, index) => ({ key: `key ${index}`, secret: `secret ${index}` }));
  await Promise.all(pairs.map((one) => credentials.rotate(tenant.scope, { credentialId: id, ...one })));
  expect(pairs).toContainEqual((await openedOf(id)).opened);
});

import { aTenant, useWorld } from '@morket/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { EnvelopeError } from '../secrets/index.ts';
import { parseKeyRing } from '../secrets/key-ring.ts';
import type { CredentialRow } from './credential.repo.ts';
import { openPair, sealPair } from './sealing.ts';

const world = useWorld();
type Row = CredentialRow & { readonly salt: Uint8Array };
let row: Row;
let sibling: Row;
let foreign: Row;

async function aRow(scope: Parameters<typeof world.services.credentials.store>[0], provider = 'hunter'): Promise<Row> {
  const { id } = await world.services.credentials.store(scope, {
    providerName: provider,
    key: `key of ${provider}`,
    secret: 'the secret',
  });
  const stored = await world.db.read.apiCredential.findUniqueOrThrow({ where: { id }, include: { workspace: true } });
  return { ...stored, salt: stored.workspace.keySalt };
}
beforeAll(async () => {
  const tenant = await aTenant(world);
  row = await aRow(tenant.scope);
  sibling = await aRow(tenant.scope);
  foreign = await aRow((await aTenant(world)).scope);
});

const open = (changed: Partial<Row>) =>
  openPair(world.configuration.ring, { ...row, ...changed }, { ...row, ...changed });

test('a row opens as it was written', () => {
  expect(open({})).toEqual({ key: 'key of hunter', secret: 'the secret' });
});

describe('a row that somebody has rearranged does not open', () => {
  test.each([
    ['the key of another row', () => ({ sealedKey: sibling.sealedKey })],
    ['the secret of another row', () => ({ sealedSecret: sibling.sealedSecret })],
    ['the key in the place of the secret', () => ({ sealedSecret: row.sealedKey })],
    ['the secret in the place of the key', () => ({ sealedKey: row.sealedSecret ?? row.sealedKey })],
    ['the key of another workspace', () => ({ sealedKey: foreign.sealedKey })],
    ['a row moved to another workspace', () => ({ workspaceId: foreign.workspaceId, salt: foreign.salt })],
    ['another salt', () => ({ salt: foreign.salt })],
    ['another id', () => ({ id: sibling.id })],
    ['another provider', () => ({ providerName: 'hunter2' })],
  ])('%s', (_, change) => {
    expect(() => open(change())).toThrow(EnvelopeError);
  });

  test('another version of the master key', () => {
    const both = parseKeyRing(`2:${'ab'.repeat(32)},1:${'42'.repeat(32)}`);
    expect(openPair(both, row, row).key).toBe('key of hunter');
    expect(() => openPair(both, row, { ...row, keyVersion: 2 })).toThrow(EnvelopeError);
  });

  test('the same bytes under two versions: the version is bound as well', () => {
    const twins = parseKeyRing(`2:${'42'.repeat(32)},1:${'42'.repeat(32)}`);
    const sealed = sealPair({ ...twins, current: 1 }, row, { key: 'k', secret: null });
    expect(() => openPair(twins, row, { ...sealed, keyVersion: 2 })).toThrow(EnvelopeError);
  });
});

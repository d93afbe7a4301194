import { type KeyRing, open, seal, workspaceKey } from '../secrets/index.ts';
import type { Sealed } from './credential.repo.ts';

/** The row a pair of secrets belongs to; all of it is authenticated. */
type Row = {
  readonly workspaceId: string;
  readonly salt: Uint8Array;
  readonly id: string;
  readonly providerName: string;
};

/** What a provider is called with. */
export type KeyPair = { readonly key: string; readonly secret: string | null };

const bindingOf = (row: Row, field: 'key' | 'secret', keyVersion: number) => ({
  workspaceId: row.workspaceId,
  recordId: row.id,
  owner: row.providerName,
  field,
  keyVersion,
});

/** Seals a pair under the current version of the key ring. */
export function sealPair(ring: KeyRing, row: Row, { key, secret }: KeyPair): Sealed {
  const keyVersion = ring.current;
  const under = workspaceKey(ring, { id: row.workspaceId, salt: row.salt }, keyVersion);
  return {
    sealedKey: seal(under, bindingOf(row, 'key', keyVersion), key),
    sealedSecret: secret === null ? null : seal(under, bindingOf(row, 'secret', keyVersion), secret),
    keyVersion,
  };
}

/** Opens a pair under the version it was sealed with. Throws `EnvelopeError`. */
export function openPair(
  ring: KeyRing,
  row: Row,
  sealed: { readonly sealedKey: Uint8Array; readonly sealedSecret: Uint8Array | null; readonly keyVersion: number },
): KeyPair {
  const { sealedKey, sealedSecret, keyVersion } = sealed;
  const under = workspaceKey(ring, { id: row.workspaceId, salt: row.salt }, keyVersion);
  return {
    key: open(under, bindingOf(row, 'key', keyVersion), sealedKey),
    secret: sealedSecret === null ? null : open(under, bindingOf(row, 'secret', keyVersion), sealedSecret),
  };
}

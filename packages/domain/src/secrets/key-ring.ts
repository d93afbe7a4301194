import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { lengthPrefixed } from './bytes.ts';

const KEY_BYTES = 32;

/** The master keys of this installation; new secrets are sealed under `current`, old ones name their version. */
export type KeyRing = { readonly current: number; readonly versions: ReadonlyMap<number, Buffer> };

/**
 * Reads `<64 hex>` (version 1) or a list `2:<64 hex>,1:<64 hex>`; the highest version is the current one. Throws an Error that
 * says what is wrong without repeating the value.
 */
export function parseKeyRing(spec: string): KeyRing {
  const entries = spec.split(',').map((part) => (part.includes(':') ? part.trim() : `1:${part.trim()}`));
  const versions = new Map<number, Buffer>();
  for (const entry of entries) {
    const match = /^([1-9]\d{0,4}):([0-9a-fA-F]{64})$/.exec(entry);
    if (!match) throw new Error('expected 64 hexadecimal digits, or a list like 2:<64 hex>,1:<64 hex>');
    const [, version = '', hex = ''] = match;
    if (versions.has(Number(version))) throw new Error(`key ${version} is given twice`);
    versions.set(Number(version), Buffer.from(hex, 'hex'));
  }
  return { current: Math.max(...versions.keys()), versions };
}

/** The form that `parseKeyRing` reads, newest first. */
export function formatKeyRing(ring: KeyRing): string {
  const newestFirst = [...ring.versions].sort(([a], [b]) => b - a);
  return newestFirst.map(([version, key]) => `${version}:${key.toString('hex')}`).join(',');
}

/** The same ring with one more version, which becomes the current one. */
export function withNewVersion(ring: KeyRing): KeyRing {
  const next = Math.max(...ring.versions.keys()) + 1;
  return { current: next, versions: new Map([...ring.versions, [next, randomBytes(KEY_BYTES)]]) };
}

/** The same ring without one version. */
export function withoutVersion(ring: KeyRing, version: number): KeyRing {
  const versions = new Map([...ring.versions].filter(([candidate]) => candidate !== version));
  return { current: Math.max(...versions.keys()), versions };
}

/** Proves that a key is the one a database was written with, and tells nothing about it. */
export function checkValueOf(key: Buffer): Buffer {
  return createHmac('sha256', key).update('morket/check-value/v1').digest().subarray(0, 8);
}

/** The key of one workspace under one version: HKDF-SHA512 over the master key, salted by the workspace. */
export function workspaceKey(
  ring: KeyRing,
  workspace: { readonly id: string; readonly salt: Uint8Array },
  version: number,
): Buffer {
  const master = ring.versions.get(version);
  if (!master) throw new Error(`Encryption key ${version} is not in the key ring.`);
  const info = lengthPrefixed('cred/ws-key', 'v1', workspace.id, version);
  return Buffer.from(hkdfSync('sha512', master, workspace.salt, info, KEY_BYTES));
}

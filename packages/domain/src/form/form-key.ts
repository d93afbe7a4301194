import { createHash, hash, randomBytes } from 'node:crypto';
import { lengthPrefixed } from '../secrets/index.ts';

const KEY = /^mf_[\w-]{43}$/;
const PREFIX_LENGTH = 7;

export type FormKey = { readonly key: string; readonly keyHash: Uint8Array<ArrayBuffer>; readonly keyPrefix: string };

/** A key of 256 random bits; only its hash and first characters are stored. */
export function newFormKey(): FormKey {
  const key = `mf_${randomBytes(32).toString('base64url')}`;
  return { key, keyHash: hashOf(key), keyPrefix: key.slice(0, PREFIX_LENGTH) };
}

const hashOf = (key: string) => new Uint8Array(hash('sha256', key, 'buffer'));

/** Under which a form is found; null for what is no key. */
export const keyHashOf = (key: string): Uint8Array<ArrayBuffer> | null => (KEY.test(key) ? hashOf(key) : null);

/**
 * The id of what was sent under an idempotency key: the same each time it is sent, another for another body, and made without asking
 * whether there is such a form, so that answers tell nothing. A UUID of version 8 (RFC 9562).
 */
export function submissionIdOf(formKey: string, idempotencyKey: string, body: Uint8Array): string {
  const bytes = createHash('sha256')
    .update(lengthPrefixed('form submission', formKey, idempotencyKey))
    .update(body)
    .digest()
    .subarray(0, 16);
  bytes[6] = (bytes.readUInt8(6) & 0x0f) | 0x80;
  bytes[8] = (bytes.readUInt8(8) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

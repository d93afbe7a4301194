import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { lengthPrefixed } from './bytes.ts';

/** What a sealed value belongs to. All of it is authenticated: a blob moved to another row or field does not open. */
export type Binding = {
  readonly workspaceId: string;
  readonly recordId: string;
  readonly owner: string;
  readonly field: string;
  readonly keyVersion: number;
};

const ALGORITHM = 'aes-256-gcm';
const FORMAT = 0x01;
const MESSAGE_ID_BYTES = 32;
const COMMIT_BYTES = 32;
const IV_BYTES = 12;
/** Node accepts shorter tags unless told otherwise, and a 4-byte tag can be guessed. */
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + MESSAGE_ID_BYTES + COMMIT_BYTES + IV_BYTES + TAG_BYTES;

/** The one answer to every blob that does not open: which check failed would help an attacker. */
export class EnvelopeError extends Error {
  constructor() {
    super('A sealed value does not open: wrong key, wrong place, or changed bytes.');
    this.name = 'EnvelopeError';
  }
}

const associatedData = ({ workspaceId, recordId, owner, field, keyVersion }: Binding) =>
  lengthPrefixed('cred.v1', workspaceId, recordId, owner, field, keyVersion);

/** A fresh key for each message lifts the limit on random nonces; the commitment ties the blob to this key (GCM does not). */
function messageKeys(key: Buffer, messageId: Buffer, aad: Buffer) {
  const derive = (...info: readonly string[]) =>
    Buffer.from(hkdfSync('sha512', key, messageId, lengthPrefixed(...info), 32));
  return { encryption: derive('ENC'), commitment: derive('COMMIT', aad.toString('base64')) };
}

/** Seals text under a workspace key: `0x01 ‖ messageId(32) ‖ commit(32) ‖ iv(12) ‖ tag(16) ‖ ciphertext`. */
export function seal(key: Buffer, binding: Binding, plaintext: string): Uint8Array<ArrayBuffer> {
  const aad = associatedData(binding);
  const messageId = randomBytes(MESSAGE_ID_BYTES);
  const iv = randomBytes(IV_BYTES);
  const { encryption, commitment } = messageKeys(key, messageId, aad);
  const cipher = createCipheriv(ALGORITHM, encryption, iv, { authTagLength: TAG_BYTES }).setAAD(aad);
  const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
  return new Uint8Array(Buffer.concat([Buffer.of(FORMAT), messageId, commitment, iv, cipher.getAuthTag(), ciphertext]));
}

/** Opens what `seal` made under the same key and binding. Throws `EnvelopeError`, always the same one. */
export function open(key: Buffer, binding: Binding, blob: Uint8Array): string {
  const bytes = Buffer.from(blob);
  if (bytes.length < HEADER_BYTES || bytes[0] !== FORMAT) throw new EnvelopeError();
  let offset = 1;
  const take = (length: number) => {
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
  const messageId = take(MESSAGE_ID_BYTES);
  const commit = take(COMMIT_BYTES);
  const iv = take(IV_BYTES);
  const tag = take(TAG_BYTES);
  const aad = associatedData(binding);
  const { encryption, commitment } = messageKeys(key, messageId, aad);
  if (!timingSafeEqual(commit, commitment)) throw new EnvelopeError();
  try {
    const decipher = createDecipheriv(ALGORITHM, encryption, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(aad).setAuthTag(tag);
    return Buffer.concat([decipher.update(bytes.subarray(offset)), decipher.final()]).toString('utf8');
  } catch {
    throw new EnvelopeError();
  }
}

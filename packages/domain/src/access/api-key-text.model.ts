import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Says what it is to whoever finds it, and to scanners of leaked secrets. */
const MARK = 'mk_live_';
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BASE = BigInt(DIGITS.length);
export const SECRET_BYTES = 32;
/** The fewest digits that hold 32 bytes, and four. */
const SECRET_DIGITS = 43;
const CHECKSUM_DIGITS = 6;
const SHAPE = new RegExp(`^${MARK}[${DIGITS}]{${SECRET_DIGITS + CHECKSUM_DIGITS}}$`);
const SHOWN_DIGITS = 4;

function inBase62(value: bigint, length: number): string {
  let text = '';
  for (let left = value; text.length < length; left /= BASE) text = DIGITS.charAt(Number(left % BASE)) + text;
  return text;
}

const checksumOf = (body: string): string => inBase62(BigInt(crc32(body)), CHECKSUM_DIGITS);

/** The text of a key: a mark, 32 secret bytes and the CRC-32 of all that stands before it, in base 62. */
export function apiKeyText(secret: Uint8Array): string {
  if (secret.length !== SECRET_BYTES) throw new Error(`The secret of an API key has ${SECRET_BYTES} bytes.`);
  const body = MARK + inBase62(BigInt(`0x${Buffer.from(secret).toString('hex')}`), SECRET_DIGITS);
  return body + checksumOf(body);
}

/** Whether a bearer token means to be an API key; an access token never begins like this. */
export const isMeantAsApiKey = (text: string): boolean => text.startsWith('mk_');

/** Whether the checksum holds: it spares the database a look-up for typing errors. */
export const isApiKeyText = (text: string): boolean =>
  SHAPE.test(text) && text.endsWith(checksumOf(text.slice(0, -CHECKSUM_DIGITS)));

/** Under which a key is found, as hex. A fast hash is right for 256 random bits. */
export const apiKeyHash = (text: string): string => hash('sha256', text, 'hex');

/** What may be shown of a key for ever. */
export const shownOfApiKey = (text: string): { readonly keyPrefix: string; readonly last4: string } => ({
  keyPrefix: text.slice(0, MARK.length + SHOWN_DIGITS),
  last4: text.slice(-SHOWN_DIGITS),
});

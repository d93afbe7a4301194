import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { parse as parseUuid, stringify as stringifyUuid } from 'uuid';
import { lengthPrefixed } from '../secrets/index.ts';

const PREFIX = 'v1.';
const MAC_BYTES = 16;
const BODY_BYTES = 16 + 4 + MAC_BYTES;
const TOKEN_BYTES = BODY_BYTES + 4;

/** What a token claims before its MAC has been checked. */
export type PresentedToken = { readonly sessionId: string; readonly gen: number; readonly mac: Buffer };

type SessionKey = { readonly jwtSecret: string; readonly keySalt: Uint8Array };

function macOf({ jwtSecret, keySalt }: SessionKey, sessionId: string, gen: number): Buffer {
  const key = Buffer.from(hkdfSync('sha256', jwtSecret, keySalt, lengthPrefixed('refresh-key.v1', sessionId), 32));
  return createHmac('sha256', key)
    .update(lengthPrefixed('refresh.v1', sessionId, gen))
    .digest()
    .subarray(0, MAC_BYTES);
}

function checksum(body: Buffer): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes;
}

/**
 * The refresh token of one generation of a session: `v1.` + base64url(session ‖ generation ‖ MAC ‖ checksum). It is derived, not
 * stored, so that an honest retry can be given the very same successor.
 */
export function refreshTokenOf(key: SessionKey, sessionId: string, gen: number): string {
  const generation = Buffer.alloc(4);
  generation.writeUInt32BE(gen);
  const body = Buffer.concat([parseUuid(sessionId), generation, macOf(key, sessionId, gen)]);
  return PREFIX + Buffer.concat([body, checksum(body)]).toString('base64url');
}

/** Reads a token; null when it is not one of ours. The checksum spares the database a look-up for typing errors. */
export function parseRefreshToken(token: string): PresentedToken | null {
  if (!token.startsWith(PREFIX)) return null;
  const bytes = Buffer.from(token.slice(PREFIX.length), 'base64url');
  if (bytes.length !== TOKEN_BYTES) return null;
  const body = bytes.subarray(0, BODY_BYTES);
  if (!checksum(body).equals(bytes.subarray(BODY_BYTES))) return null;
  try {
    return { sessionId: stringifyUuid(body.subarray(0, 16)), gen: body.readUInt32BE(16), mac: body.subarray(20) };
  } catch {
    return null; // sixteen bytes that are no UUID
  }
}

/** Whether the token was made by us for this session and generation. */
export function isGenuine(key: SessionKey, { sessionId, gen, mac }: PresentedToken): boolean {
  return timingSafeEqual(macOf(key, sessionId, gen), mac);
}

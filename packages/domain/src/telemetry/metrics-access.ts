import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether an `authorization` header bears the token; takes as long for a wrong one as for the right one. */
export function bearsToken(header: string | undefined, token: string): boolean {
  const given = /^Bearer (\S+)$/i.exec(header ?? '')?.[1] ?? '';
  // Digests are of one length, whatever was sent.
  return timingSafeEqual(digest(given), digest(token));
}

import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { lengthPrefixed } from '../secrets/index.ts';

/** What the database and the environment each know a part of: neither alone makes a token. */
type InvitationKey = { readonly jwtSecret: string; readonly keySalt: Uint8Array };

/**
 * The token of an invitation, 43 characters. It is derived, not drawn: a mail server that took a message and did not say so in time gets it
 * again, and whichever of the two is read carries a good token. A token drawn for each attempt would make the first of them a dead end.
 */
export function invitationTokenOf({ jwtSecret, keySalt }: InvitationKey, invitationId: string): string {
  const key = Buffer.from(hkdfSync('sha256', jwtSecret, keySalt, lengthPrefixed('invitation-key.v1'), 32));
  return createHmac('sha256', key).update(lengthPrefixed('invitation.v1', invitationId)).digest('base64url');
}

export const hashOfToken = (token: string) => new Uint8Array(createHash('sha256').update(token).digest());

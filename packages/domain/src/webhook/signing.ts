import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { type KeyRing, open, seal, workspaceKey } from '../secrets/index.ts';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** What a signing secret belongs to; all of it is authenticated. */
export type SecretOwner = { readonly workspaceId: string; readonly salt: Uint8Array; readonly endpointId: string };

export type SealedSecret = { readonly sealed: Uint8Array<ArrayBuffer>; readonly keyVersion: number };

export const newSigningSecret = (): string => `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64')}`;

const bindingOf = ({ workspaceId, endpointId }: SecretOwner, keyVersion: number) => ({
  workspaceId,
  recordId: endpointId,
  owner: 'webhook_endpoint',
  field: 'signing_secret',
  keyVersion,
});

/** Seals a signing secret under the current version of the key ring. */
export function sealSecret(ring: KeyRing, owner: SecretOwner, secret: string): SealedSecret {
  const keyVersion = ring.current;
  const key = workspaceKey(ring, { id: owner.workspaceId, salt: owner.salt }, keyVersion);
  return { sealed: seal(key, bindingOf(owner, keyVersion), secret), keyVersion };
}

/** Opens a signing secret under the version it was sealed with. Throws `EnvelopeError`. */
export function openSecret(
  ring: KeyRing,
  owner: SecretOwner,
  { sealed, keyVersion }: { readonly sealed: Uint8Array; readonly keyVersion: number },
): string {
  const key = workspaceKey(ring, { id: owner.workspaceId, salt: owner.salt }, keyVersion);
  return open(key, bindingOf(owner, keyVersion), sealed);
}

/** The headers of Standard Webhooks 1.0, with a signature for each secret. */
export function signedHeaders(
  secrets: readonly string[],
  message: { readonly id: string; readonly body: string },
  at: Date,
) {
  const signatures = secrets.map((secret) => new Webhook(secret).sign(message.id, at, message.body));
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': signatures.join(' '),
  };
}

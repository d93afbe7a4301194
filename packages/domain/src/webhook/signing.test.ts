import { expect, test } from 'vitest';
import { EnvelopeError, parseKeyRing, seal, workspaceKey } from '../secrets/index.ts';
import { newSigningSecret, openSecret, sealSecret, signedHeaders } from './signing.ts';

const ring = parseKeyRing('42'.repeat(32));
const owner = { workspaceId: 'w1', salt: Buffer.alloc(32, 7), endpointId: 'e1' };

test('a secret is 32 random bytes behind whsec_', () => {
  const [one, other] = [newSigningSecret(), newSigningSecret()];
  expect(one).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(Buffer.from(one.slice(6), 'base64')).toHaveLength(32);
  expect(one).not.toBe(other);
});

test('a sealed secret opens in its place alone', () => {
  const secret = newSigningSecret();
  const sealed = sealSecret(ring, owner, secret);
  expect(Buffer.from(sealed.sealed).includes(Buffer.from(secret))).toBe(false);
  expect(openSecret(ring, owner, sealed)).toBe(secret);
  expect(() => openSecret(ring, { ...owner, endpointId: 'e2' }, sealed)).toThrow(EnvelopeError);
  expect(() => openSecret(ring, { ...owner, workspaceId: 'w2' }, sealed)).toThrow(EnvelopeError);
});

test('the key of a provider, sealed in the same workspace under the same id, does not open as a signing secret', () => {
  const key = workspaceKey(ring, { id: owner.workspaceId, salt: owner.salt }, 1);
  const binding = { workspaceId: 'w1', recordId: 'e1', owner: 'webhook_endpoint', field: 'key', keyVersion: 1 };
  const sealed = seal(key, binding, newSigningSecret());
  expect(() => openSecret(ring, owner, { sealed, keyVersion: 1 })).toThrow(EnvelopeError);
});

test('there is one signature for each secret, over id, time and body', () => {
  const secrets = [newSigningSecret(), newSigningSecret()];
  const at = new Date('2026-11-21T10:00:00.900Z');
  const headers = signedHeaders(secrets, { id: 'event-1', body: '{}' }, at);
  expect(headers['webhook-id']).toBe('event-1');
  expect(headers['webhook-timestamp']).toBe(String(Date.UTC(2026, 10, 21, 10) / 1_000));
  expect(headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/);
});

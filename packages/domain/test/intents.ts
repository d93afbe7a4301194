import { hash } from 'node:crypto';
import type { Acting, Intent } from '@morket/domain/access';

/** The same caller meaning something once, as the transport notes it for a call under an idempotency key. */
export function under<Scope extends Acting>(
  scope: Scope,
  key: string,
  call: { readonly procedure?: string; readonly input?: string } = {},
): Scope & { readonly intent: Intent } {
  const { procedure = 'test.verb', input = '' } = call;
  const fingerprint = new Uint8Array(hash('sha256', input, 'buffer'));
  return { ...scope, intent: { procedure, key, fingerprint, isAnswered: false, isReplayed: false } };
}

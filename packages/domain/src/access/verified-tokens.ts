import { hash } from 'node:crypto';
import type { SessionClaims } from './access-token.ts';

type Verified = { readonly claims: SessionClaims; readonly expiresAtSeconds: number };

/**
 * Remembers which tokens were verified, so that a caller's next request costs no signature: what a token proves never changes. Whether
 * its session still lives is not remembered here, and is read anew for each request. Holds hashes, never a token; the one unused for
 * longest gives way.
 */
export function createVerifiedTokens({ maxTokens }: { readonly maxTokens: number }) {
  const known = new Map<string, Verified>();
  const keyOf = (token: string): string => hash('sha256', token, 'base64');

  /** The claims of a verified token that ends after `nowSeconds`; null for every other. */
  function find(token: string, nowSeconds: number): SessionClaims | null {
    const key = keyOf(token);
    const verified = known.get(key);
    if (!verified) return null;
    known.delete(key);
    if (verified.expiresAtSeconds <= nowSeconds) return null;
    known.set(key, verified);
    return verified.claims;
  }

  function remember(token: string, verified: Verified): void {
    const [unusedForLongest] = known.keys();
    if (known.size >= maxTokens && unusedForLongest !== undefined) known.delete(unusedForLongest);
    known.set(keyOf(token), verified);
  }

  return { find, remember };
}

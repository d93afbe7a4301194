/** What decides over a genuine refresh token; times by the database's clock. */
export type RefreshState = {
  readonly gen: number;
  /** The highest generation whose access token has been used. */
  readonly observedGen: number;
  readonly rotatedAt: Date | null;
  /** Hash of the Idempotency-Key under which the last rotation was asked for. */
  readonly rotationKeyHash: Uint8Array | null;
  readonly idleExpiresAt: Date;
  readonly absoluteExpiresAt: Date;
  readonly revokedAt: Date | null;
};

export type RefreshVerdict =
  | { readonly kind: 'rotate' }
  /** An honest retry: the current token once more. */
  | { readonly kind: 'repeat' }
  | { readonly kind: 'refuse'; readonly reason: 'revoked' | 'expired' }
  /** A second use: the session ends. */
  | { readonly kind: 'reuse' };

const RETRY_WINDOW_MS = 60_000;

/**
 * The rule of one-use refresh tokens. A predecessor is an honest retry only under the key of the rotation it lost the answer of,
 * within 60 s, or later while nobody has used the successor. Everything else that is genuine and not current is a second use.
 */
export function decideRefresh(
  state: RefreshState,
  presented: { readonly gen: number; readonly keyHash: Uint8Array | null },
  now: Date,
): RefreshVerdict {
  if (state.revokedAt) return { kind: 'refuse', reason: 'revoked' };
  if (now >= state.absoluteExpiresAt || now >= state.idleExpiresAt) return { kind: 'refuse', reason: 'expired' };
  if (presented.gen === state.gen) return { kind: 'rotate' };
  const sameKey =
    presented.keyHash !== null &&
    state.rotationKeyHash !== null &&
    Buffer.from(presented.keyHash).equals(Buffer.from(state.rotationKeyHash));
  const fresh = state.rotatedAt !== null && now.getTime() - state.rotatedAt.getTime() <= RETRY_WINDOW_MS;
  const unused = state.observedGen < state.gen;
  return presented.gen === state.gen - 1 && sameKey && (fresh || unused) ? { kind: 'repeat' } : { kind: 'reuse' };
}

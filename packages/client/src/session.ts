import { abortable } from './abortable.ts';
import { isMorketError } from './errors.ts';
import type { Clock } from './options.ts';
import type { StoredTokens, TokenStore } from './tokens.ts';

/** `expiresIn` counts seconds. */
export type TokenPair = { readonly accessToken: string; readonly refreshToken: string; readonly expiresIn: number };

/** The calls a session makes for itself. */
export type SessionApi = {
  refresh(refreshToken: string, idempotencyKey: string, signal: AbortSignal): Promise<TokenPair>;
  logout(refreshToken: string): Promise<unknown>;
};

/**
 * The share of an access token's life after which it is renewed without being refused first: 90 s before the end of 15
 * minutes.
 */
const RENEW_AFTER = 0.9;
const COOLDOWN_MS = 60_000;

/** The server will never take this refresh token again, or never took it. */
const isRefusal = (err: unknown): boolean =>
  isMorketError(err, 'auth.refresh_token_refused') || isMorketError(err, 'request.invalid_input');

/** One signed-in person: hands out access tokens, renews them once for everybody, and ends. */
export function createSession(options: {
  readonly store: TokenStore;
  readonly api: SessionApi;
  readonly clock: Clock;
  readonly newKey: () => string;
}) {
  const { store, api, clock, newKey } = options;
  const listeners = new Set<(userId: string | null) => void>();
  let toldUserId: string | null | undefined;
  let leave = new AbortController();
  let renewal: { readonly signInId: string; readonly result: Promise<StoredTokens | null> } | null = null;
  let noEarlyRenewalBefore = 0;

  function tell(tokens: StoredTokens | null): void {
    const userId = tokens?.userId ?? null;
    if (userId === toldUserId) return;
    toldUserId = userId;
    for (const listener of listeners) listener(userId);
  }

  async function keep(tokens: StoredTokens | null): Promise<void> {
    await store.set(tokens);
    tell(tokens);
  }

  const tokensOf = ({ accessToken, refreshToken, expiresIn }: TokenPair) => ({
    accessToken,
    refreshToken,
    expiresIn,
    receivedAt: clock.now(),
    refreshKey: newKey(),
  });

  /** Ends what this client is doing for whoever was signed in. */
  function stopRenewal(): void {
    leave.abort();
    leave = new AbortController();
  }

  /**
   * What is stored after a refresh with the tokens `before`: `next`, unless something happened to them while it was
   * under way.
   */
  async function replace(before: StoredTokens, next: StoredTokens | null): Promise<StoredTokens | null> {
    const latest = await store.get();
    if (latest?.signInId !== before.signInId) return null; // signed out meanwhile: a late answer must not undo that
    if (latest.refreshToken !== before.refreshToken) return latest; // a tab without locks was faster
    await keep(next);
    return next;
  }

  async function exchange(used: StoredTokens, signal: AbortSignal): Promise<StoredTokens | null> {
    const held = await store.get();
    if (held?.signInId !== used.signInId) return null;
    if (held.accessToken !== used.accessToken) return held; // another tab has done it
    try {
      const pair = await api.refresh(held.refreshToken, held.refreshKey, signal);
      return await replace(held, { ...held, ...tokensOf(pair) });
    } catch (err) {
      if (isRefusal(err)) return replace(held, null);
      throw err;
    }
  }

  /**
   * Tokens of the same sign-in that are newer than the `used` ones; null when that sign-in is over. However many ask at
   * once, the refresh token is presented once. Throws when the server could not be asked.
   */
  function renew(used: StoredTokens): Promise<StoredTokens | null> {
    if (renewal?.signInId === used.signInId) return renewal.result;
    const { signal } = leave;
    const result = abortable(signal, (own) => store.exclusive(() => exchange(used, own)))
      .catch((err) => {
        if (signal.aborted) return null;
        throw err;
      })
      .finally(() => {
        if (renewal?.result === result) renewal = null;
      });
    renewal = { signInId: used.signInId, result };
    return result;
  }

  /** The tokens to call with, renewed when their end is near; null when nobody is signed in. */
  async function current(): Promise<StoredTokens | null> {
    const held = await store.get();
    if (!held) return null;
    const renewAt = held.receivedAt + held.expiresIn * 1000 * RENEW_AFTER;
    if (clock.now() < Math.max(renewAt, noEarlyRenewalBefore)) return held;
    try {
      return await renew(held);
    } catch {
      // It may still hold for a while; whether it does, the server says.
      noEarlyRenewalBefore = clock.now() + COOLDOWN_MS;
      return held;
    }
  }

  async function signIn(answer: TokenPair & { readonly user: { readonly id: string } }): Promise<void> {
    stopRenewal();
    const tokens = { ...tokensOf(answer), signInId: newKey(), userId: answer.user.id };
    // Under the lock, or a refresh of the sign-in before this one could write over it.
    await store.exclusive(() => keep(tokens));
  }

  /** Forgets the tokens, here and in every tab, without telling the server; yields what was kept. */
  async function clear(): Promise<StoredTokens | null> {
    stopRenewal();
    const held = await store.get();
    await keep(null);
    // A refresh under way in another tab may have written between its last look and this line.
    await store.exclusive(async () => {
      const late = await store.get();
      if (late && late.signInId === held?.signInId) await keep(null);
    });
    return held;
  }

  /** Forgets the tokens and has the server end the session. When that fails it throws, with the tokens forgotten. */
  async function signOut(): Promise<void> {
    const held = await clear();
    if (!held) return;
    await api.logout(held.refreshToken).catch((err: unknown) => {
      if (!isRefusal(err)) throw err; // a session that is over needs no ending
    });
  }

  /** Forgets `used` after the server has said that its session is over. */
  const end = (used: StoredTokens): Promise<unknown> => store.exclusive(() => replace(used, null));

  let unsubscribe: (() => void) | undefined;
  function onChange(listener: (userId: string | null) => void): () => void {
    unsubscribe ??= store.subscribe?.(tell);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      unsubscribe?.();
      unsubscribe = undefined;
    };
  }

  return { current, renew, end, signIn, clear, signOut, onChange, held: async () => store.get() };
}

export type Session = ReturnType<typeof createSession>;

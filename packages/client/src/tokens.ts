/** A signed-in person's tokens, as a store keeps them: plain JSON. */
export type StoredTokens = {
  readonly accessToken: string;
  readonly refreshToken: string;
  /**
   * The `Idempotency-Key` under which this refresh token will be exchanged. It is stored together with the token, so
   * that every attempt, in any tab or process, also after a crash, carries the same one and gets the same successor.
   */
  readonly refreshKey: string;
  /** When these tokens came, in milliseconds since the epoch of this machine's clock. */
  readonly receivedAt: number;
  /** For how many seconds from then the access token is good. */
  readonly expiresIn: number;
  /** Differs for each sign-in and stays the same over its renewals. */
  readonly signInId: string;
  readonly userId: string;
};

/** Where tokens are kept. Clients that share a store share one session. */
export type TokenStore = {
  /** What is kept now; null when nobody is signed in. */
  get(): Promise<StoredTokens | null> | StoredTokens | null;
  /** Replaces what is kept; null forgets it. */
  set(tokens: StoredTokens | null): Promise<void> | void;
  /** Runs `work` while no other user of the store, in any tab or process it reaches, runs its own. */
  exclusive<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Calls back with what another user of the store has set; returns how to stop. */
  subscribe?(listener: (tokens: StoredTokens | null) => void): () => void;
};

/** Runs one piece of work after the other, in the order in which they were given. */
export function createQueue(): TokenStore['exclusive'] {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
}

/** Keeps tokens for as long as this process or page lives. */
export function memoryTokens(initial: StoredTokens | null = null): TokenStore {
  let kept = initial;
  return {
    get: () => kept,
    set: (tokens) => {
      kept = tokens;
    },
    exclusive: createQueue(),
  };
}

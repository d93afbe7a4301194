import type { Operation } from '@trpc/client';
import { isMorketError, type MorketError } from './errors.ts';
import { toMorketError } from './failures.ts';
import { PUBLIC_PROCEDURES } from './generated/procedures.ts';
import type { Attempt, Clock, MorketOptions } from './options.ts';
import { withRetries } from './retries.ts';
import type { Session, TokenPair } from './session.ts';
import type { StoredTokens } from './tokens.ts';
import type { Send } from './transport.ts';

/** One call with all its attempts. Throws a MorketError. */
export type Attempts = (op: Operation, headers: Readonly<Record<string, string>>, isSafe: boolean) => Promise<unknown>;

/** Sends calls, repeats those that are safe to repeat, and reports each attempt to the hooks. */
export function createAttempts(
  send: Send,
  options: Pick<MorketOptions, 'onRequest' | 'onResponse' | 'onRetry'> & {
    readonly clock: Clock;
    readonly maxRetries: number;
  },
): Attempts {
  const { clock, maxRetries, onRequest, onResponse, onRetry } = options;
  return (op, headers, isSafe) => {
    const about = (attempt: number): Attempt => ({
      path: op.path,
      type: op.type === 'query' ? 'query' : 'mutation',
      attempt,
    });

    async function attempt(number: number): Promise<unknown> {
      onRequest?.(about(number));
      const startedAt = clock.now();
      const report = (error: MorketError | null) =>
        onResponse?.({ ...about(number), durationMs: clock.now() - startedAt, error });
      const outcome = await send(op, headers).then(
        (data) => ({ data, error: null }),
        (err: unknown) => ({ data: null, error: toMorketError(err, clock.now()) }),
      );
      report(outcome.error);
      if (outcome.error) throw outcome.error;
      return outcome.data;
    }

    return withRetries(attempt, {
      maxRetries: isSafe ? maxRetries : 0,
      clock,
      signal: op.signal,
      onRetry: (number, delayMs, error) => onRetry?.({ ...about(number), delayMs, error }),
    });
  };
}

/** Makes calls as whoever is signed in, or under an API key, which is never renewed. */
export function createCalls({
  session,
  apiKey,
  attempts,
  newKey,
}: {
  session: Session;
  apiKey: string | undefined;
  attempts: Attempts;
  newKey: () => string;
}) {
  /** As the holder of `tokens`; once more under newer ones when the server takes these for expired. */
  async function callAs(tokens: StoredTokens | null, call: (tokens: StoredTokens | null) => Promise<unknown>) {
    try {
      return await call(tokens);
    } catch (err) {
      if (!tokens || !isMorketError(err, 'access.unauthenticated')) throw err;
      if (err.details.reason === 'revoked') {
        await session.end(tokens);
        throw err;
      }
      const renewed = await session.renew(tokens);
      if (!renewed) throw err;
      return call(renewed);
    }
  }

  /** What the answers of these calls mean for the tokens kept. */
  async function follow(op: Operation, data: unknown): Promise<void> {
    // The router types these two answers; here the path stands for the type.
    if (op.path === 'auth.register' || op.path === 'auth.login') await session.signIn(data as SignInAnswer);
    if (op.path === 'auth.logout' && (await ownToken(op))) await session.clear();
  }

  /** The tokens kept, when the call presents their refresh token. */
  async function ownToken({ input }: Operation): Promise<StoredTokens | null> {
    const held = await session.held();
    const given = input as { readonly refreshToken?: unknown } | undefined; // the router types the input; only compared
    return held && given?.refreshToken === held.refreshToken ? held : null;
  }

  return async function call(op: Operation): Promise<unknown> {
    const isRefresh = op.path === 'auth.refresh';
    // Exchanged behind the session's back, its refresh token would be presented a second time.
    const own = isRefresh ? await ownToken(op) : null;
    const renewed = own && (await session.renew(own));
    if (renewed) return pairOf(renewed);

    const isPublic = PUBLIC_PROCEDURES.has(op.path);
    const isKeyed = op.type === 'mutation' && (isRefresh || !isPublic);
    // Made once, so that every attempt of this call carries the same key.
    const keyHeader: Record<string, string> = isKeyed ? keyHeaderOf(op, newKey) : {};
    const isSafe = op.type === 'query' || isKeyed;
    const callWith = (token: string | undefined) => {
      const bearer: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return attempts(op, { ...bearer, ...keyHeader }, isSafe);
    };
    if (apiKey !== undefined) return callWith(isPublic ? undefined : apiKey);
    const tokens = isPublic ? null : await session.current();
    const data = await callAs(tokens, (as) => callWith(as?.accessToken));
    await follow(op, data);
    return data;
  };
}

const pairOf = ({ accessToken, refreshToken, expiresIn }: StoredTokens): TokenPair => ({
  accessToken,
  refreshToken,
  expiresIn,
});

type SignInAnswer = TokenPair & { readonly user: { readonly id: string } };

type Keyed = { readonly idempotencyKey?: string } | undefined;

/** A key of the caller's own goes as it came, in the input or in the context of the call; else the call gets a new one. */
function keyHeaderOf({ input, context }: Operation, newKey: () => string): Record<string, string> {
  // The router types the input; the context is whatever the caller gave.
  if ((input as Keyed)?.idempotencyKey !== undefined) return {};
  return { 'idempotency-key': (context as Keyed)?.idempotencyKey ?? newKey() };
}

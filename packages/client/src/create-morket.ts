import { createTRPCClient, type Operation, type TRPCClient } from '@trpc/client';
import { observable } from '@trpc/server/observable';
import { abortable } from './abortable.ts';
import { createAttempts, createCalls } from './calls.ts';
import { type Outcome, safe } from './errors.ts';
import { toMorketError } from './failures.ts';
import type { AppRouter } from './generated/router.ts';
import { createJsonFetch } from './http.ts';
import { newKey } from './keys.ts';
import type { MorketOptions } from './options.ts';
import { createRealtime, type Realtime } from './realtime/realtime.ts';
import { systemClock } from './retries.ts';
import { createSession, type TokenPair } from './session.ts';
import { memoryTokens } from './tokens.ts';
import { createTransport } from './transport.ts';

/** Who is signed in. All clients over one token store share it. */
export type MorketSession = {
  /** The id of the person signed in; null when nobody is. */
  userId(): Promise<string | null>;
  /** Calls back with the id whenever somebody signs in or out, in another tab too; returns how to stop. */
  onChange(listener: (userId: string | null) => void): () => void;
  /** Forgets the tokens without telling the server; `signOut` also ends the session there. */
  clear(): Promise<void>;
};

/**
 * Every procedure of the API, as `morket.<router>.<name>.query(input)` or `.mutate(input)`; a failed call throws a
 * MorketError.
 */
export type Morket = Omit<TRPCClient<AppRouter>, 'realtime'> & {
  readonly realtime: Realtime;
  readonly session: MorketSession;
  /**
   * Forgets the tokens and ends the session. Throws when the server could not be told; the tokens are forgotten even
   * so.
   */
  signOut(): Promise<void>;
  /** The same client with every call meant for one workspace. */
  inWorkspace(workspaceId: string): Morket;
  /** Turns a failed call into a value: `const { data, error } = await morket.safe(morket.auth.me.query())`. */
  safe<Data>(call: PromiseLike<Data>): Promise<Outcome<Data>>;
};

const WORKSPACE_HEADER = 'x-workspace-id';

/** Makes a client. It sends nothing until it is called. */
export function createMorket(options: MorketOptions): Morket {
  const { tokens: store = memoryTokens(), clock = systemClock, headers: fixed = {}, timeoutMs = 30_000 } = options;
  const url = `${String(options.url).replace(/\/+$/, '')}/trpc`;
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  const fetch = createJsonFetch({
    fetch: send,
    timeoutMs,
    now: clock.now,
  });

  const attemptsWith = (headers: Readonly<Record<string, string>>) =>
    createAttempts(createTransport({ url, fetch, headers: { ...fixed, ...headers } }), {
      ...options,
      clock,
      maxRetries: options.maxRetries ?? 2,
    });

  const ownAttempts = attemptsWith({});
  const ownCall = (path: string, input: unknown, headers: Record<string, string>, signal: AbortSignal | null) =>
    ownAttempts({ id: 0, type: 'mutation', path, input, context: {}, signal }, headers, true);
  const session = createSession({
    store,
    clock,
    newKey,
    api: {
      refresh: (refreshToken, key, signal) =>
        // The router types this answer; here the path stands for the type.
        ownCall('auth.refresh', { refreshToken }, { 'idempotency-key': key }, signal) as Promise<TokenPair>,
      // Safe to repeat without a key: ending a session that has ended changes nothing.
      logout: (refreshToken) => ownCall('auth.logout', { refreshToken }, {}, null),
    },
  });

  const { apiKey, onRetry } = options;
  const realtimeWith = createRealtime({
    ...{ fetch: send, url, timeoutMs, clock, apiKey, onRetry },
    session: apiKey === undefined ? session : null,
  });

  function scopedTo(workspaceId: string | undefined): Morket {
    // Each scope batches for itself: a request has one workspace header.
    const headers: Record<string, string> = workspaceId === undefined ? {} : { [WORKSPACE_HEADER]: workspaceId };
    const call = createCalls({ session, apiKey, attempts: attemptsWith(headers), newKey });
    const run = (op: Operation) => abortable(op.signal, (signal) => call({ ...op, signal }));
    const trpc = createTRPCClient<AppRouter>({
      links: [
        () =>
          ({ op }) =>
            observable((observer) => {
              run(op).then(
                (data) => {
                  observer.next({ result: { type: 'data', data } });
                  observer.complete();
                },
                (err: unknown) => observer.error(toMorketError(err, clock.now())),
              );
            }),
      ],
    });
    // What is not found on the object itself is looked up on its prototype: the procedures.
    return Object.assign(Object.create(trpc) as typeof trpc, {
      realtime: realtimeWith({ ...fixed, ...headers }),
      session: {
        userId: async () => (await session.held())?.userId ?? null,
        onChange: session.onChange,
        clear: async () => void (await session.clear()),
      },
      signOut: session.signOut,
      inWorkspace: scopedTo,
      safe,
    });
  }

  return scopedTo(options.workspaceId);
}

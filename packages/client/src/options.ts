import type { MorketError } from './errors.ts';
import type { TokenStore } from './tokens.ts';

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchAnswer>;
export type FetchInit = {
  method: string;
  headers: Record<string, string>;
  body?: string;
  signal: AbortSignal;
};
export type FetchAnswer = {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
  /** Needed for streams alone. */
  readonly body?: ReadableStream<Uint8Array> | null;
};

/** One attempt of one call. `attempt` counts from 1. */
export type Attempt = {
  readonly path: string;
  readonly type: 'query' | 'mutation' | 'subscription';
  readonly attempt: number;
};
/** `error` is null for a success. */
export type AttemptOutcome = Attempt & { readonly durationMs: number; readonly error: MorketError | null };
/** The attempt that failed, and how long the client waits before the next one. */
export type Retry = Attempt & { readonly delayMs: number; readonly error: MorketError };

/** Time and chance, for tests that want neither. */
export type Clock = {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Resolves after `ms`, or as soon as `signal` fires. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** From 0 up to 1. */
  readonly random: () => number;
};

export type MorketOptions = {
  /** Where the API is served, such as `https://api.example.com`. */
  readonly url: string | URL;
  /** Where tokens are kept; in memory unless given. See `browserTokens`, and `fileTokens` of `@morket/client/node`. */
  readonly tokens?: TokenStore | undefined;
  /**
   * An API key to call with instead of signing in, for programs on a server. It belongs to one workspace, which every call then means;
   * tokens play no part. Never give it to a browser: whoever opens the page has it.
   */
  readonly apiKey?: string | undefined;
  /** The workspace that calls mean, sent as `X-Workspace-Id`; `inWorkspace` sets it for some calls only. */
  readonly workspaceId?: string | undefined;
  /** How long one attempt may take; 30,000 unless given. */
  readonly timeoutMs?: number | undefined;
  /** How often a call is repeated that may be: a query, or a mutation that needs a token; 2 unless given. */
  readonly maxRetries?: number | undefined;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sends the requests; the global `fetch` unless given. */
  readonly fetch?: Fetch | undefined;
  readonly onRequest?: ((attempt: Attempt) => void) | undefined;
  readonly onResponse?: ((outcome: AttemptOutcome) => void) | undefined;
  readonly onRetry?: ((retry: Retry) => void) | undefined;
  readonly clock?: Clock | undefined;
};

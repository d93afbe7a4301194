import { TRPCClientError } from '@trpc/client';
import type { ApiErrorDetails } from './generated/errors.ts';
import type { AppRouter } from './generated/router.ts';

type Nothing = Readonly<Record<string, never>>;

/** What can go wrong before the API answers, or with its answer. */
type ClientErrorDetails = {
  /** The server could not be reached, or went away before it had answered. */
  'client.connection': Nothing;
  /** One attempt took longer than `timeoutMs`. */
  'client.timeout': { readonly timeoutMs: number };
  /** The caller's signal fired. */
  'client.aborted': Nothing;
  /** Something other than the API answered: a proxy, or a server at another version. */
  'client.unexpected_answer': Nothing;
};

/** The details of every error this client throws, by code. */
export type MorketErrorDetails = ApiErrorDetails & ClientErrorDetails;
/** Every code: those of the API's catalogue and the four `client.…` ones. */
export type MorketErrorCode = keyof MorketErrorDetails;

/** An error as the API sends it. */
export type ErrorShape = AppRouter['_def']['_config']['$types']['errorShape'];

/** What a MorketError is made of. */
export type ErrorFacts = {
  readonly code: string;
  readonly message: string;
  readonly status?: number | undefined;
  readonly requestId?: string | null | undefined;
  readonly details?: unknown;
  readonly retryAfterMs?: number | null | undefined;
  readonly shape?: ErrorShape | undefined;
  readonly cause?: unknown;
};

/**
 * The one error that calls of this client throw. Narrow it with `isMorketError`; `instanceof` fails where two copies of
 * this package are installed.
 */
export class MorketError<Code extends MorketErrorCode = MorketErrorCode> extends TRPCClientError<AppRouter> {
  readonly code: Code;
  readonly details: MorketErrorDetails[Code];
  /** The HTTP status; null when there was no answer. */
  readonly status: number | null;
  /** Names the request in the server's log; give it when you ask for help. */
  readonly requestId: string | null;
  /** Whether the same call may succeed later. Repeating a mutation is safe only under the same idempotency key. */
  readonly retryable: boolean;
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs: number | null;

  constructor({ code, message, status, requestId, details, retryAfterMs, shape, cause }: ErrorFacts) {
    // tRPC types the cause as an Error; anything may have been thrown.
    super(message, {
      ...(shape && { result: { error: shape } }),
      ...(cause !== undefined && { cause: cause as Error }),
    });
    Object.setPrototypeOf(this, new.target.prototype); // undoes what the constructor of TRPCClientError does
    this.name = 'MorketError';
    // The code decides over the details; both come from a server that holds to the catalogue.
    this.code = code as Code;
    this.details = (details ?? {}) as MorketErrorDetails[Code];
    this.status = status ?? null;
    this.requestId = requestId ?? null;
    this.retryAfterMs = retryAfterMs ?? null;
    this.retryable = status === undefined ? isTransient(code) : isPassing(code, status);
  }
}

const isTransient = (code: string): boolean => code === 'client.connection' || code === 'client.timeout';
const isPassing = (code: string, status: number): boolean =>
  status === 408 || status === 429 || status >= 500 || code === 'idempotency.in_progress';

/** Any MorketError, as a union over its codes: `switch (error.code)` narrows `details`. */
export type AnyMorketError = { [Code in MorketErrorCode]: MorketError<Code> }[MorketErrorCode];

/** Whether a call failed with this code, or at all; narrows `details` to those of the code. */
export function isMorketError(err: unknown): err is AnyMorketError;
export function isMorketError<Code extends MorketErrorCode>(err: unknown, code: Code): err is MorketError<Code>;
export function isMorketError(err: unknown, code?: MorketErrorCode): boolean {
  return (
    err instanceof Error && err.name === 'MorketError' && 'code' in err && (code === undefined || err.code === code)
  );
}

/** The outcome of a call as a value: exactly one of the two is not null, except that `data` may be null on success. */
export type Outcome<Data> =
  | { readonly data: Data; readonly error: null }
  | { readonly data: null; readonly error: AnyMorketError };

/** Turns a failed call into a value. What is no MorketError is thrown on. */
export async function safe<Data>(call: PromiseLike<Data>): Promise<Outcome<Data>> {
  try {
    return { data: await call, error: null };
  } catch (err) {
    if (isMorketError(err)) return { data: null, error: err };
    throw err;
  }
}

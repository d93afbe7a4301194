import { TRPCClientError } from '@trpc/client';
import { type ErrorShape, isMorketError, MorketError } from './errors.ts';
import type { AppRouter } from './generated/router.ts';

type Answered = { readonly status: number; readonly headers: { get(name: string): string | null } };

/** The error for an answer that is not one of the API. */
export function unexpectedAnswer({ status, headers }: Answered, now: number, cause?: unknown): MorketError {
  return new MorketError({
    code: 'client.unexpected_answer',
    message: `This is no answer of the API (status ${status}).`,
    status,
    requestId: headers.get('x-request-id'),
    retryAfterMs: parseRetryAfter(headers.get('retry-after'), now),
    cause,
  });
}

export const aborted = (cause: unknown): MorketError =>
  new MorketError({ code: 'client.aborted', message: 'The call was aborted.', cause });

/** The MorketError that anything thrown below this client stands for. `now` is in milliseconds since the epoch. */
export function toMorketError(err: unknown, now: number): MorketError {
  if (isMorketError(err)) return err;
  // An error of a link is typed for any router; these come from ours.
  const known = err instanceof TRPCClientError ? (err as TRPCClientError<AppRouter>) : undefined;
  const { shape, meta } = known ?? {};
  const response = meta?.response as Answered | undefined; // put there by the HTTP links, and made in http.ts
  // The types say what the API sends; it may be another server that answered.
  if (typeof shape?.data?.errorCode === 'string') return errorFromShape(shape, response, now);
  if (response) return unexpectedAnswer(response, now, err);
  const message = `The call failed in the client: ${err instanceof Error ? err.message : String(err)}`;
  return new MorketError({ code: 'client.connection', message, cause: err });
}

/** The MorketError for an error in the words of the API. `now` is in milliseconds since the epoch. */
export function errorFromShape(shape: ErrorShape, response: Answered | undefined, now: number): MorketError {
  const { errorCode, httpStatus, details, requestId } = shape.data;
  // In a batch the header is the longest wait of all its calls, and a browser may hide it.
  const seconds = details?.retryAfterSeconds;
  const retryAfterMs =
    typeof seconds === 'number' ? seconds * 1000 : parseRetryAfter(response?.headers.get('retry-after'), now);
  const { message } = shape;
  return new MorketError({ code: errorCode, message, status: httpStatus, requestId, details, retryAfterMs, shape });
}

/** `Retry-After` in milliseconds from `now`: it holds seconds or a date. */
function parseRetryAfter(header: string | null | undefined, now: number): number | null {
  if (!header) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}

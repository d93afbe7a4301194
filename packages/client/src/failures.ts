import { TRPCClientError } from '@trpc/client';
import { type ErrorFacts, isMorketError, MorketError } from './errors.ts';

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
  const { data, message, meta } =
    err instanceof TRPCClientError ? err : { data: undefined, message: String(err), meta: undefined };
  const response = meta?.['response'] as Answered | undefined; // put there by the HTTP links, and made in http.ts
  const shape = data as Partial<ApiErrorData> | undefined; // whatever answered; its fields are checked below
  if (shape && typeof shape.errorCode === 'string') return fromShape(shape, message, response, now);
  if (response) return unexpectedAnswer(response, now, err);
  return new MorketError({ code: 'client.connection', message: 'The call could not be sent.', cause: err });
}

type ApiErrorData = {
  readonly errorCode: string;
  readonly httpStatus: number;
  readonly details: Readonly<Record<string, unknown>>;
  readonly requestId: string | null;
};

function fromShape(shape: Partial<ApiErrorData>, message: string, response: Answered | undefined, now: number) {
  const { errorCode = '', httpStatus, details, requestId } = shape;
  // In a batch the header is the longest wait of all its calls, and a browser may hide it.
  const seconds = details?.['retryAfterSeconds'];
  const retryAfterMs =
    typeof seconds === 'number' ? seconds * 1000 : parseRetryAfter(response?.headers.get('retry-after'), now);
  const facts: ErrorFacts = { code: errorCode, message, status: httpStatus, requestId, details, retryAfterMs };
  return new MorketError(facts);
}

/** `Retry-After` in milliseconds from `now`: it holds seconds or a date. */
function parseRetryAfter(header: string | null | undefined, now: number): number | null {
  if (!header) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}

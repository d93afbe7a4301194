import { abortable } from './abortable.ts';
import { MorketError } from './errors.ts';
import { aborted, unexpectedAnswer } from './failures.ts';
import type { Fetch, FetchAnswer, FetchInit } from './options.ts';

/** An answer read to its end. */
type JsonAnswer = FetchAnswer & { readonly ok: boolean; json(): Promise<unknown> };

/**
 * A `fetch` for tRPC's links that takes at most `timeoutMs`, the body included, and yields nothing but JSON. It throws
 * `client.connection`, `client.timeout`, `client.aborted` or `client.unexpected_answer`.
 */
export function createJsonFetch(options: {
  readonly fetch: Fetch;
  readonly timeoutMs: number;
  readonly now: () => number;
}) {
  const { fetch, timeoutMs, now } = options;

  async function read(url: string, init: FetchInit): Promise<JsonAnswer> {
    const answer = await fetch(url, init);
    const text = await answer.text();
    const { status, headers } = answer;
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch (err) {
      throw unexpectedAnswer(answer, now(), err);
    }
    return { ok: status < 400, status, headers, text: async () => text, json: async () => body };
  }

  return async (
    url: string,
    { signal: given, ...init }: Omit<FetchInit, 'signal'> & { signal?: AbortSignal | undefined },
  ) => {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    try {
      const signal = given ? AbortSignal.any([given, timeout.signal]) : timeout.signal;
      // A fetch that does not heed its signal must not hold the call.
      return await abortable(signal, () => read(url, { ...init, signal }));
    } catch (err) {
      if (given?.aborted) throw aborted(given.reason);
      if (timeout.signal.aborted) {
        const message = `No answer within ${timeoutMs} ms.`;
        throw new MorketError({ code: 'client.timeout', message, details: { timeoutMs }, cause: err });
      }
      if (err instanceof MorketError) throw err;
      throw new MorketError({ code: 'client.connection', message: 'The server cannot be reached.', cause: err });
    } finally {
      clearTimeout(timer);
    }
  };
}

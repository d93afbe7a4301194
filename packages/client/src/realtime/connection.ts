import superjson from 'superjson';
import { abortable } from '../abortable.ts';
import { type ErrorShape, MorketError } from '../errors.ts';
import { errorFromShape, unexpectedAnswer } from '../failures.ts';
import type { Fetch, FetchAnswer } from '../options.ts';
import { readBlocks } from './event-stream.ts';
import type { RealtimeMessage } from './messages.ts';

/** A message and the id by which to go on after it. */
export type Received = { readonly id: string; readonly message: RealtimeMessage };

type Request = {
  readonly fetch: Fetch;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** How long the server may take to answer. */
  readonly timeoutMs: number;
  readonly now: () => number;
};

// The server holds to its router's types.
const decode = <Value>(data: string): Value => superjson.deserialize(JSON.parse(data)) as Value;

const lost = (cause: unknown): MorketError =>
  new MorketError({ code: 'client.connection', message: 'The stream was cut off.', cause });

/** The failure that an answer without a stream stands for. */
async function refusal(answer: FetchAnswer, now: number): Promise<MorketError> {
  try {
    const { error } = JSON.parse(await answer.text()) as { error: Parameters<typeof superjson.deserialize>[0] };
    return errorFromShape(superjson.deserialize<ErrorShape>(error), answer, now);
  } catch (err) {
    return unexpectedAnswer(answer, now, err);
  }
}

/**
 * Opens one stream and reads it to its end. Throws the failure it was refused or ended with, and `client.connection` when it was not
 * reached, was cut off, or was silent for longer than the server said it would ever be.
 */
export async function* connect(request: Request): AsyncGenerator<Received, void, undefined> {
  const { fetch, url, headers, timeoutMs, now } = request;
  const silence = new AbortController();
  const signal = AbortSignal.any([request.signal, silence.signal]);
  let patienceMs = timeoutMs;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), patienceMs);
  };
  try {
    heard();
    const init = { method: 'GET', headers: { accept: 'text/event-stream', ...headers }, signal };
    const answer = await abortable(signal, () => fetch(url, init));
    const isStream = answer.status === 200 && answer.headers.get('content-type')?.startsWith('text/event-stream');
    if (!isStream || !answer.body) throw await refusal(answer, now());
    for await (const { event, data, id } of readBlocks(answer.body, heard)) {
      if (event === 'connected') {
        const { reconnectAfterInactivityMs } = JSON.parse(data) as { reconnectAfterInactivityMs?: number };
        patienceMs = reconnectAfterInactivityMs ?? patienceMs;
        heard();
      } else if (event === 'serialized-error') throw errorFromShape(decode<ErrorShape>(data), answer, now());
      else if (event === 'return') return;
      else if (event === 'message' && id !== null) yield { id, message: decode<RealtimeMessage>(data) };
    }
    throw lost(undefined);
  } catch (err) {
    throw err instanceof MorketError && err.code !== 'client.aborted' ? err : lost(err);
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

import superjson from 'superjson';
import type { FetchInit, RealtimeMessage } from '../src/index.ts';

/** One stream as the server sees it. */
export type ServedStream = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  tell(id: string, message: RealtimeMessage): void;
  /** Ends it with a failure of the API. */
  fail(errorCode: string, httpStatus: number, details?: object): void;
  /** Ends it without a word. */
  cut(): void;
};

const encoder = new TextEncoder();

/** The streaming side of the API, in memory: a test takes each stream that is opened, and tells what it likes. */
export function createFakeStreams() {
  const arrived: ServedStream[] = [];
  let waiting: ((stream: ServedStream) => void) | null = null;

  async function fetch(url: string, { headers, signal }: FetchInit): Promise<Response> {
    let write: (text: string) => void = () => undefined;
    let close: () => void = () => undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        write = (text) => controller.enqueue(encoder.encode(text));
        close = () => controller.close();
        signal.addEventListener('abort', () => controller.error(signal.reason));
      },
    });
    write('event: connected\ndata: {"reconnectAfterInactivityMs":40000}\n\n\n');
    const stream: ServedStream = {
      ...{ url, headers, signal },
      tell: (id, message) => write(`data: ${JSON.stringify(superjson.serialize(message))}\nid: ${id}\n\n\n`),
      fail: (errorCode, httpStatus, details = {}) => {
        const data = { code: 'X', httpStatus, path: 'realtime.subscribe', errorCode, details, requestId: 'req-1' };
        const shape = superjson.serialize({ message: `refused: ${errorCode}`, code: -32000, data });
        write(`event: serialized-error\ndata: ${JSON.stringify(shape)}\n\n\n`);
        close();
      },
      cut: () => close(),
    };
    if (waiting) waiting(stream);
    else arrived.push(stream);
    waiting = null;
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  }

  /** The next stream that somebody opens. */
  const opened = (): Promise<ServedStream> =>
    new Promise((resolve) => {
      const stream = arrived.shift();
      if (stream) resolve(stream);
      else waiting = resolve;
    });

  return { fetch, opened, unclaimed: () => arrived.length };
}

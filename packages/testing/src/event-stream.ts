import { blockOf } from './stream-answer.ts';

/** One block as it came, with its data read. */
export type Heard = { readonly event: string; readonly id: string; readonly data: unknown };

const isSilent = ({ event }: Heard): boolean => event === 'connected' || event === 'ping';

function dataOf(event: string, data: string): unknown {
  if (data === '') return null;
  const read = JSON.parse(data) as { json?: unknown }; // superjson writes what the procedure gives, tRPC the rest
  return event === 'connected' ? read : read.json;
}

/** An open stream of events. */
export type EventStream = {
  readonly status: number;
  /** The next block but for greetings and pings; null at the end. */
  next(): Promise<Heard | null>;
  /** Blocks up to, and with, the first that `isLast` is true for, or to the end. */
  until(isLast: (heard: Heard) => boolean): Promise<readonly Heard[]>;
  /** Everything that came so far, as it came. */
  text(): string;
  /** The next block, whatever it is; null at the end. */
  nextOfAny(): Promise<Heard | null>;
  close(): void;
};

/** Listens at `origin` as a program without any library would. */
export async function openEventStream(
  origin: string,
  path: string,
  options: {
    readonly token?: string;
    readonly input?: object;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<EventStream> {
  const { token, input = {}, headers = {} } = options;
  const hangUp = new AbortController();
  const response = await fetch(`${origin}/trpc/${path}?input=${encodeURIComponent(JSON.stringify(input))}`, {
    headers: {
      accept: 'text/event-stream',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    signal: hangUp.signal,
  });
  let text = '';

  async function* read(): AsyncGenerator<Heard, null> {
    let rest = '';
    try {
      for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += part;
        const blocks = (rest + part).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks.map((one) => one.trim()).filter((one) => one !== '')) {
          const { event, id, data } = blockOf(block);
          yield { event, id, data: dataOf(event, data) };
        }
      }
    } catch (err) {
      if (!hangUp.signal.aborted) throw err;
    }
    return null;
  }

  const heard = read();
  const nextOfAny = async () => (await heard.next()).value;
  async function next(): Promise<Heard | null> {
    const one = await nextOfAny();
    return one && isSilent(one) ? next() : one;
  }
  async function until(isLast: (one: Heard) => boolean): Promise<readonly Heard[]> {
    const all: Heard[] = [];
    for (let one = await next(); one; one = await next()) {
      all.push(one);
      if (isLast(one)) break;
    }
    return all;
  }
  return { status: response.status, next, until, nextOfAny, text: () => text, close: () => hangUp.abort() };
}

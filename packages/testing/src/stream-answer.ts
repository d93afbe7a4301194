import type { Readable } from 'node:stream';

/** How a stream of events begins: with its first message, or with the failure that it ended with. */
export type StreamBeginning = { readonly text: string; readonly message: unknown; readonly failure: unknown };

const FAILURE = 'serialized-error';

/** The fields of one block of a stream of events. */
export function blockOf(text: string): { readonly event: string; readonly data: string; readonly id: string } {
  const fields = new Map(text.split('\n').map((line) => [line.split(':', 1)[0], line.slice(line.indexOf(':') + 2)]));
  return { event: fields.get('event') ?? 'message', data: fields.get('data') ?? '', id: fields.get('id') ?? '' };
}

const jsonOf = (data: string): unknown => (JSON.parse(data) as { json: unknown }).json; // as superjson writes it

/** Reads until the first message or failure, and leaves the stream to be closed by the caller. */
export async function readBeginning(stream: Readable): Promise<StreamBeginning> {
  let text = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    for (const { event, data } of text.split('\n\n').slice(0, -1).map(blockOf)) {
      if (event === 'message' && data !== '') return { text, message: jsonOf(data), failure: null };
      if (event === FAILURE) return { text, message: null, failure: jsonOf(data) };
    }
  }
  return { text, message: null, failure: null };
}

/** One block of a stream of events. `event` is `message` where the server names none; `id` is null where it gives none. */
export type Block = { readonly event: string; readonly data: string; readonly id: string | null };

function parseBlock(text: string): Block | null {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).replace(/^ /, ''));
  }
  if (fields.size === 0) return null;
  return { event: fields.get('event') ?? 'message', data: fields.get('data') ?? '', id: fields.get('id') ?? null };
}

/** The blocks of a body as they become whole; one that the connection cuts off is none. `onBytes` hears of every piece. */
export async function* readBlocks(
  body: ReadableStream<Uint8Array>,
  onBytes: () => void,
): AsyncGenerator<Block, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onBytes();
      const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const text of blocks) {
        const block = parseBlock(text);
        if (block) yield block;
      }
    }
  } finally {
    // Of a connection that is gone already.
    reader.cancel().catch(() => undefined);
  }
}

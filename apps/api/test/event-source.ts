/**
 * As much of the browser's EventSource as the subscription link uses; Node has none. A class, because the link constructs it. It does
 * not reconnect.
 */
export class TestEventSource extends EventTarget {
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSED = 2;
  readyState = 0;
  readonly #controller = new AbortController();

  constructor(url: string) {
    super();
    this.#read(url).catch(() => {
      if (this.readyState === this.CLOSED) return;
      this.close();
      this.dispatchEvent(new Event('error'));
    });
  }

  close(): void {
    this.readyState = this.CLOSED;
    this.#controller.abort();
  }

  async #read(url: string): Promise<void> {
    const { ok, headers, body } = await fetch(url, { signal: this.#controller.signal });
    if (!ok || headers.get('content-type') !== 'text/event-stream') throw new Error('That is no stream of events.');
    this.readyState = this.OPEN;
    let text = '';
    for await (const part of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (text + part).split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) this.#dispatch(block);
    }
  }

  #dispatch(block: string): void {
    const fields = new Map(block.split('\n').map((line) => [line.split(':', 1)[0], line.slice(line.indexOf(':') + 2)]));
    const [type, data, lastEventId] = [fields.get('event') ?? 'message', fields.get('data'), fields.get('id') ?? ''];
    if (data !== undefined) this.dispatchEvent(new MessageEvent(type, { data, lastEventId }));
  }
}

/** What the load generator needs to know of one HTTP/1.1 answer. */
export type Answer = { readonly status: number; readonly closes: boolean; readonly bodyBytes: number };

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const LENGTH = /\r\ncontent-length: *(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding: *chunked/i;
const CLOSES = /\r\nconnection: *close/i;

/**
 * Reads the answers of one connection as they arrive, in whatever pieces. It knows lengths and chunks and nothing else: a
 * generator that understood HTTP would itself be what is measured. Throws for an answer that has neither.
 */
export function createAnswerReader(onAnswer: (answer: Answer) => void): (piece: Buffer) => void {
  let pending: Buffer | null = null;

  return (piece) => {
    let data = pending ? Buffer.concat([pending, piece]) : piece;
    for (;;) {
      const read = data.length === 0 ? null : readOne(data);
      if (!read) break;
      onAnswer(read.answer);
      data = data.subarray(read.end);
    }
    // Copied: the socket reuses its buffer.
    pending = data.length === 0 ? null : Buffer.from(data);
  };
}

/** The answer at the start of `data` and where it ends; null while it is not all there. */
function readOne(data: Buffer): { answer: Answer; end: number } | null {
  const headEnd = data.indexOf(HEAD_END);
  if (headEnd === -1) return null;
  const head = data.toString('latin1', 0, headEnd);
  const start = headEnd + HEAD_END.length;
  const body = CHUNKED.test(head) ? readChunks(data, start) : readLength(head, start);
  if (!body || body.end > data.length) return null;
  return {
    answer: { status: Number(head.slice(9, 12)), closes: CLOSES.test(head), bodyBytes: body.bytes },
    end: body.end,
  };
}

type Body = { readonly bytes: number; readonly end: number };

function readLength(head: string, start: number): Body {
  const length = LENGTH.exec(head)?.[1];
  if (length === undefined) throw new Error(`An answer without a length: ${head.split('\r\n', 1)[0]}`);
  return { bytes: Number(length), end: start + Number(length) };
}

function readChunks(data: Buffer, start: number): Body | null {
  let bytes = 0;
  for (let at = start; ; ) {
    const lineEnd = data.indexOf(LINE_END, at);
    if (lineEnd === -1) return null;
    const size = Number.parseInt(data.toString('latin1', at, lineEnd), 16);
    at = lineEnd + LINE_END.length + size + LINE_END.length;
    if (at > data.length) return null;
    if (size === 0) return { bytes, end: at };
    bytes += size;
  }
}

import { MalformedRequest } from '@morket/contract/errors';
import { isStorableText } from '@morket/contract/primitives';

const MAX_DEPTH = 32;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Counts brackets outside strings: parsers and zod fall over on depth long before they refuse it. */
function exceedsDepth(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === 0x5c) at += 1;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return false;
}

/** Why a parsed value is refused, or null. */
function flawOf(value: unknown): string | null {
  if (typeof value === 'string') return isStorableText(value) ? null : 'it holds a NUL character or a lone surrogate';
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, item] of Object.entries(value)) {
    const flaw = key === '__proto__' ? 'it holds the key __proto__' : (flawOf(key) ?? flawOf(item));
    if (flaw) return flaw;
  }
  return null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (err) {
    throw MalformedRequest({ reason: 'it is not valid JSON' }, err);
  }
}

/** Reads JSON from a stranger. Throws `request.malformed` for what no schema should have to meet. */
export function readJson(text: string): unknown {
  if (exceedsDepth(text)) throw MalformedRequest({ reason: `it is nested deeper than ${MAX_DEPTH} levels` });
  const value = parse(text);
  // NUL and lone surrogates come by escapes alone: raw ones are no valid JSON or no valid UTF-8.
  const flaw = text.includes('\\u') || text.includes('__proto__') ? flawOf(value) : null;
  if (flaw) throw MalformedRequest({ reason: flaw });
  return value;
}

/** The same for bytes, which must be UTF-8. An empty body is no value. */
export function readJsonBytes(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (err) {
    throw MalformedRequest({ reason: 'it is not valid UTF-8' }, err);
  }
  return readJson(text);
}

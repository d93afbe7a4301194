const SECRET = /password|secret|token|hash|salt|sealed|cipher|^key$|apikey/i;
const REDACTED = '[redacted]';
/** What nests deeper is not looked at, and so not written down. */
const MAX_DEPTH = 16;

type Fields = Readonly<Record<string, unknown>>;
export type Changes = { readonly before: Fields; readonly after: Fields };

const plain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);
const textOf = (value: unknown): string | undefined => JSON.stringify(value, (_name, part: unknown) => plain(part));

const jsonOf = (value: object): unknown =>
  'toJSON' in value && typeof value.toJSON === 'function' ? value.toJSON() : value;

/** A value as it is written down; `depth` more levels may follow. */
function told(value: unknown, depth: number): unknown {
  const json = typeof value === 'object' && value !== null ? jsonOf(value) : plain(value);
  if (typeof json !== 'object' || json === null) return json;
  if (depth === 0) return REDACTED;
  return Array.isArray(json) ? json.map((one) => told(one, depth - 1)) : toldFields(json, depth - 1);
}

function toldFields(fields: object, depth: number): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, SECRET.test(name) ? REDACTED : told(value, depth)]),
  );
}

/** The fields that differ, before and after; what is named like a secret, there or inside them, says only that it changed. */
export function changedFields(before: Fields, after: Fields): Changes {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names.filter((name) => textOf(before[name]) !== textOf(after[name]));
  const pick = (from: Fields) =>
    toldFields(Object.fromEntries(changed.filter((name) => name in from).map((name) => [name, from[name]])), MAX_DEPTH);
  return { before: pick(before), after: pick(after) };
}

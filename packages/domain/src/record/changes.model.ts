const SECRET = /password|secret|token|hash|salt|sealed|cipher|^key$|apikey/i;
const REDACTED = '[redacted]';

type Fields = Readonly<Record<string, unknown>>;
export type Changes = { readonly before: Fields; readonly after: Fields };

const plain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

/** The fields that differ, before and after; what is named like a secret says only that it changed. */
export function changedFields(before: Fields, after: Fields): Changes {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names.filter((name) => JSON.stringify(plain(before[name])) !== JSON.stringify(plain(after[name])));
  const pick = (from: Fields) =>
    Object.fromEntries(
      changed.filter((name) => name in from).map((name) => [name, SECRET.test(name) ? REDACTED : plain(from[name])]),
    );
  return { before: pick(before), after: pick(after) };
}

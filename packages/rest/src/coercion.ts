import type { JsonSchema } from './json-schema.ts';

const INTEGER = /^-?\d+$/;
const NUMBER = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** The schemas a value may follow, unions taken apart. */
function branchesOf(schema: JsonSchema): readonly JsonSchema[] {
  const union = schema.anyOf ?? schema.oneOf;
  return union ? union.flatMap(branchesOf) : [schema];
}

function typesOf(branches: readonly JsonSchema[]): ReadonlySet<string> {
  return new Set(branches.flatMap(({ type }) => type ?? []));
}

function coerceText(text: string, types: ReadonlySet<string>): unknown {
  if (text === 'null' && types.has('null')) return null;
  if (types.has('string')) return text;
  if (types.has('integer') && INTEGER.test(text)) return Number(text);
  if (types.has('number') && NUMBER.test(text)) return Number(text);
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

/**
 * Gives text from a URL the type its schema asks for: integers, numbers, booleans, `null`, and arrays by repeating the name.
 * What does not fit stays text, so that the procedure's own validation refuses it in its own words.
 */
export function coerce(value: unknown, schema: JsonSchema): unknown {
  const branches = branchesOf(schema);
  const list = branches.find(({ type }) => type === 'array');
  if (list) {
    const items = (list.items ?? {}) as JsonSchema; // zod writes one schema for the items of an array
    return (Array.isArray(value) ? value : [value]).map((item) => coerce(item, items));
  }
  return typeof value === 'string' ? coerceText(value, typesOf(branches)) : value;
}

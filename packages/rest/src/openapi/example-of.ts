import type { JsonSchema } from '../json-schema.ts';

const BY_FORMAT: Readonly<Record<string, string>> = {
  uuid: '019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40',
  email: 'ada@example.com',
  'date-time': '2026-01-15T09:30:00.000Z',
  date: '2026-01-15',
  uri: 'https://example.com',
};

/** Finds the schema behind a `$ref`. */
export type Resolve = (ref: string) => JsonSchema;

const noReferences: Resolve = (ref) => {
  throw new Error(`${ref} cannot be resolved here.`);
};

function exampleText({ format = '', minLength = 0, maxLength = Number.POSITIVE_INFINITY }: JsonSchema): string {
  const known = BY_FORMAT[format];
  return known ?? 'text'.padEnd(minLength, '.').slice(0, maxLength);
}

/** The number nearest to 1 that the bounds allow: a zero often stands for "off" and then shows nothing. */
function exampleNumber(schema: JsonSchema): number {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = schema;
  const lower = typeof exclusiveMinimum === 'number' ? exclusiveMinimum + 1 : minimum;
  const upper = typeof exclusiveMaximum === 'number' ? exclusiveMaximum - 1 : maximum;
  return Math.min(Math.max(1, lower ?? 1), upper ?? 1);
}

function exampleList({ items, minItems = 1 }: JsonSchema, resolve: Resolve): unknown[] {
  const example = exampleOf((items ?? {}) as JsonSchema, resolve); // zod writes one schema for the items of an array
  return Array.from({ length: Math.max(1, minItems) }, () => example);
}

function exampleObject({ properties = {} }: JsonSchema, resolve: Resolve): Record<string, unknown> {
  const entries = Object.entries(properties as Record<string, JsonSchema>); // zod makes no boolean schema of a field
  return Object.fromEntries(entries.map(([name, property]) => [name, exampleOf(property, resolve)]));
}

/**
 * A value that follows the schema: its own first example, default or constant where it has one, else the simplest one its keywords
 * ask for. Patterns are not understood: give such a schema an example.
 */
export function exampleOf(schema: JsonSchema, resolve: Resolve = noReferences): unknown {
  if (schema.examples?.length) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum?.length) return schema.enum[0];
  if (schema.$ref !== undefined) return exampleOf(resolve(schema.$ref), resolve);
  const branches = schema.anyOf ?? schema.oneOf;
  const branch = branches?.find(({ type }) => type !== 'null') ?? branches?.[0];
  if (branch) return exampleOf(branch, resolve);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => exampleOf(part, resolve)));

  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'object':
      return exampleObject(schema, resolve);
    case 'array':
      return exampleList(schema, resolve);
    case 'integer':
    case 'number':
      return exampleNumber(schema);
    case 'boolean':
      return true;
    case 'string':
      return exampleText(schema);
    default:
      return null;
  }
}

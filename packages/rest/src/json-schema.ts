import { z } from 'zod';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Which side of a schema is meant: what a caller sends, or what it receives. */
export type Side = 'input' | 'output';

/** Formats that say it all; beside them zod's pattern is noise, and for text that is canonicalized while parsing it is too narrow. */
const SELF_EXPLAINING = new Set(['uuid', 'email', 'date-time']);
const UNTYPED: ReadonlySet<string> = new Set(['any', 'unknown']);
const INT32_MAX = 2 ** 31 - 1;

function adjust(schema: z.core.$ZodType, json: JsonSchema): void {
  const { type } = schema._zod.def;
  if (type === 'date') Object.assign(json, { type: 'string', format: 'date-time' });
  // Zod writes "anything" for what it cannot represent.
  if (Object.keys(json).length === 0 && !UNTYPED.has(type)) throw new Error(`JSON cannot carry a ${type}.`);
  if (json.format !== undefined && SELF_EXPLAINING.has(json.format)) delete json.pattern;
  if (json.type === 'integer' && (json.maximum ?? 0) > INT32_MAX) json.format = 'int64';
  // Which fields an answer has beyond today's is nobody's business: a closed object would make each new one a breaking change.
  if (json.additionalProperties === false) delete json.additionalProperties;
}

/**
 * The JSON Schema of what is on the wire: dates are ISO strings. Where `nameOf` gives a name, a reference to the component of that
 * name stands in place of the schema, unless it is the outermost one. Throws for what no JSON can carry, such as a bigint.
 */
export function jsonSchemaOf(
  schema: z.ZodType,
  side: Side,
  nameOf: (part: z.core.$ZodType) => string | undefined = () => undefined,
): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: side,
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema, path }) {
      const name = path.length > 0 ? nameOf(zodSchema) : undefined;
      if (name === undefined) return adjust(zodSchema, jsonSchema);
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
      jsonSchema.$ref = `${COMPONENT}${name}`;
    },
  });
  return json;
}

const COMPONENT = '#/components/schemas/';

/** A reference to a named schema of the document. */
export const refTo = (name: string): JsonSchema => ({ $ref: `${COMPONENT}${name}` });

/** The name behind a reference made by `refTo`. */
export const nameIn = (ref: string): string => ref.slice(COMPONENT.length);

/** The schemas of an object's fields. Throws for a schema that is no object. */
export function fieldsOf(json: JsonSchema): Readonly<Record<string, JsonSchema>> {
  if (json.type !== 'object' || json.properties === undefined)
    throw new Error('An object with named fields is needed.');
  // Boolean schemas (`true`, `false`) exist in JSON Schema, but zod never makes one of a field.
  return json.properties as Record<string, JsonSchema>;
}

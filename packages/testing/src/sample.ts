import { randomUUID } from 'node:crypto';

/** What zod writes as the JSON Schema of an input. */
export type InputSchema = {
  readonly type?: string;
  readonly format?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
  readonly anyOf?: readonly InputSchema[];
  readonly properties?: Readonly<Record<string, InputSchema>>;
  readonly required?: readonly string[];
  readonly items?: InputSchema;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
};

/** A value that the schema takes: its own example where it has one; optional fields stay out. */
export function sampleOf(schema: InputSchema): unknown {
  if (schema.format === 'uuid') return randomUUID();
  if (schema.examples?.length) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf?.[0]) return sampleOf(schema.anyOf[0]);
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(([name]) => schema.required?.includes(name))
          .map(([name, property]) => [name, sampleOf(property)]),
      );
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => sampleOf(schema.items ?? {}));
    case 'integer':
    case 'number':
      return Math.max(1, schema.minimum ?? 1, (schema.exclusiveMinimum ?? 0) + 1);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      throw new Error(`Give this an example with .meta(): ${JSON.stringify(schema)}`);
  }
}

/** Where ids are taken: the path of every field, at any depth, whose schema is a UUID. */
export function idPathsOf(schema: InputSchema, path: readonly string[] = []): readonly (readonly string[])[] {
  if (schema.format === 'uuid') return [path];
  return [
    ...(schema.anyOf ?? []).flatMap((branch) => idPathsOf(branch, path)),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) => idPathsOf(property, [...path, name])),
    ...(schema.items ? idPathsOf(schema.items, [...path, '0']) : []),
  ];
}

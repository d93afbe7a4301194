import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { type JsonSchema, jsonSchemaOf, nameIn, refTo, type Side } from '../json-schema.ts';
import { contractName } from './contract-names.ts';

export type Example = { readonly summary: string; readonly value: unknown };

export type Ref = { readonly $ref: string };

/** The named parts of one document, gathered while its operations are described; all are sorted by name. */
export type Components = {
  /** The schema, or a reference to it when the contract names it. */
  schemaOf(schema: z.ZodType, side: Side): JsonSchema;
  /** The schema itself; its parts that the contract names are references. */
  inlineOf(schema: z.ZodType, side: Side): JsonSchema;
  /** Puts a schema under a name and gives the reference to it. Throws when the name stands for another shape already. */
  putSchema(name: string, schema: JsonSchema): JsonSchema;
  putExample(name: string, example: Example): Ref;
  putResponse(name: string, response: unknown): Ref;
  resolve(ref: string): JsonSchema;
  all(): {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly examples: Readonly<Record<string, Example>>;
    readonly responses: Readonly<Record<string, unknown>>;
  };
};

/** Sorted, so that the document changes only where its sources do. */
const sorted = <Value>(byName: ReadonlyMap<string, Value>): Record<string, Value> =>
  Object.fromEntries([...byName].sort(([a], [b]) => (a < b ? -1 : 1)));

/** Starts an empty set. */
export function createComponents(): Components {
  const schemas = new Map<string, JsonSchema>();
  const examples = new Map<string, Example>();
  const responses = new Map<string, unknown>();

  function putSchema(name: string, schema: JsonSchema): JsonSchema {
    const known = schemas.get(name);
    if (known && !isDeepStrictEqual(known, schema)) {
      throw new Error(`${name} has one shape as input and another as output: it needs two schemas in the contract.`);
    }
    schemas.set(name, schema);
    return refTo(name);
  }

  function inlineOf(schema: z.ZodType, side: Side): JsonSchema {
    return jsonSchemaOf(schema, side, (part) => {
      const name = contractName(part);
      if (name !== undefined && part instanceof z.ZodType) putSchema(name, inlineOf(part, side));
      return name;
    });
  }

  return {
    inlineOf,
    putSchema,
    schemaOf(schema, side) {
      const name = contractName(schema);
      const json = inlineOf(schema, side);
      return name === undefined ? json : putSchema(name, json);
    },
    putExample(name, example) {
      examples.set(name, example);
      return { $ref: `#/components/examples/${name}` };
    },
    putResponse(name, response) {
      responses.set(name, response);
      return { $ref: `#/components/responses/${name}` };
    },
    resolve(ref) {
      const schema = schemas.get(nameIn(ref));
      if (!schema) throw new Error(`${ref} leads nowhere.`);
      return schema;
    },
    all: () => ({ schemas: sorted(schemas), examples: sorted(examples), responses: sorted(responses) }),
  };
}

import { IdempotencyKey } from '@morket/contract/primitives';
import { fieldsOf, type JsonSchema, jsonSchemaOf } from '../json-schema.ts';
import type { Operation } from '../operation.ts';
import type { Components, Ref } from './components.ts';
import { exampleOf } from './example-of.ts';

export type Parameter =
  | Ref
  | {
      readonly name: string;
      readonly in: 'path' | 'query' | 'header';
      readonly required: boolean;
      readonly description?: string;
      readonly schema: JsonSchema;
      readonly example?: unknown;
    };

export type RequestBody = {
  readonly required: boolean;
  readonly content: { readonly 'application/json': { readonly schema: JsonSchema; readonly example: unknown } };
};

export const IDEMPOTENCY_KEY_PARAMETER = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Chosen by you, one for each intended effect: a random UUID will do. A retry under it gets the answer of the first call and does nothing twice.',
  schema: jsonSchemaOf(IdempotencyKey, 'input'),
} as const satisfies Parameter;

function requiredFields({ procedure }: Operation): ReadonlySet<string> {
  return new Set(procedure.inputs.flatMap((input) => jsonSchemaOf(input, 'input').required ?? []));
}

/** An input the procedure takes: every field of it, the path parameters included. */
export function exampleInput({ fields }: Pick<Operation, 'fields'>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name, exampleOf(schema)]));
}

/** Path, query and header parameters, in this order. */
export function parametersOf(operation: Operation): readonly Parameter[] {
  const { fields, pathParameters, source, procedure } = operation;
  const required = requiredFields(operation);
  const parameter = (where: 'path' | 'query', name: string, schema: JsonSchema): Parameter => {
    const { examples: _, ...rest } = schema;
    return {
      name,
      in: where,
      required: where === 'path' || required.has(name),
      schema: rest,
      example: exampleOf(schema),
    };
  };
  const named = (where: 'path' | 'query') =>
    Object.entries(fields)
      .filter(([name]) => pathParameters.includes(name) === (where === 'path'))
      .map(([name, schema]) => parameter(where, name, schema));
  return [
    ...named('path'),
    ...(source === 'query' ? named('query') : []),
    ...(procedure.readsKey ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
  ];
}

/** The schema of the body: the contract's own where one input is all of it, else the fields that are not in the path. */
function bodySchema(operation: Operation, names: readonly string[], components: Components): JsonSchema {
  const { inputs } = operation.procedure;
  const whole = inputs.find((input) => {
    const own = Object.keys(fieldsOf(jsonSchemaOf(input, 'input')));
    return own.length === names.length && own.every((name) => names.includes(name));
  });
  if (whole) return components.schemaOf(whole, 'input');
  const all: Record<string, JsonSchema> = Object.assign(
    {},
    ...inputs.map((input) => fieldsOf(components.inlineOf(input, 'input'))),
  );
  const required = [...requiredFields(operation)].filter((name) => names.includes(name));
  const properties = Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
}

/** The body of an operation; null when no field is left for it. */
export function requestBodyOf(operation: Operation, components: Components): RequestBody | null {
  const { source, fields, pathParameters } = operation;
  const names = Object.keys(fields).filter((name) => !pathParameters.includes(name));
  if (source !== 'body' || names.length === 0) return null;
  const all = exampleInput(operation);
  const example = Object.fromEntries(names.map((name) => [name, all[name]]));
  const schema = bodySchema(operation, names, components);
  const required = names.some((name) => requiredFields(operation).has(name));
  return { required, content: { 'application/json': { schema, example } } };
}

import { InvalidInput } from '@morket/contract/errors';
import { z } from 'zod';
import { coerce } from './coercion.ts';
import type { Operation } from './operation.ts';

/** The parts of a request that carry input. */
export type RequestParts = { readonly params: unknown; readonly query: unknown; readonly body: unknown };

type Fields = Readonly<Record<string, unknown>>;

const refuse = (path: string, message: string) => InvalidInput({ issues: [{ path, message }], omittedIssues: 0 });

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value in the form its field is compared in, so that two spellings of one id are no contradiction. */
function canonical(operation: Operation, name: string, value: unknown): unknown {
  for (const input of operation.procedure.inputs) {
    const fields = input instanceof z.ZodPrefault ? input.unwrap() : input;
    const field: unknown = fields instanceof z.ZodObject ? fields.shape[name] : undefined;
    const parsed = field instanceof z.ZodType ? field.safeParse(value) : undefined;
    if (parsed?.success) return parsed.data;
  }
  return value;
}

function coerceAll(operation: Operation, given: unknown): Fields {
  const entries = Object.entries(isObject(given) ? given : {});
  return Object.fromEntries(
    entries.map(([name, value]) => {
      const schema = Object.hasOwn(operation.fields, name) ? operation.fields[name] : undefined;
      return [name, schema ? coerce(value, schema) : value];
    }),
  );
}

function givenFields(operation: Operation, { query, body }: RequestParts): Fields {
  if (body !== undefined && !isObject(body)) throw refuse('', 'the body must be a JSON object');
  if (operation.source === 'body') return body ?? {};
  // Fields in the body of a DELETE would be lost without a word.
  if (Object.keys(body ?? {}).length > 0)
    throw refuse('', `a ${operation.method} takes its fields in the query string`);
  return coerceAll(operation, query);
}

/**
 * The input of the procedure: path parameters, and the fields of the query string or the JSON body. Throws `request.invalid_input` for
 * a body that is no object, and for a field that contradicts the path.
 */
export function requestInput(operation: Operation, parts: RequestParts): unknown {
  const given = givenFields(operation, parts);
  const fromPath = coerceAll(operation, parts.params);
  for (const [name, value] of Object.entries(fromPath)) {
    if (!Object.hasOwn(given, name)) continue;
    if (canonical(operation, name, given[name]) !== canonical(operation, name, value)) {
      throw refuse(name, 'contradicts the path');
    }
  }
  return operation.procedure.inputs.length === 0 ? undefined : { ...given, ...fromPath };
}

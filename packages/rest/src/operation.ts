import { type ProcedureInfo, procedures, type RestMethod } from '@morket/rpc';
import { z } from 'zod';
import { fieldsOf, type JsonSchema, jsonSchemaOf } from './json-schema.ts';

/** One procedure as an address of the REST surface. */
export type Operation = {
  readonly procedure: ProcedureInfo;
  readonly method: RestMethod;
  /** With `{name}` parameters, below the prefix. */
  readonly path: string;
  readonly status: 200 | 201;
  readonly pathParameters: readonly string[];
  /** Every field of the input by name, the path parameters included. */
  readonly fields: Readonly<Record<string, JsonSchema>>;
  /** Where the fields outside the path come from. */
  readonly source: 'query' | 'body';
  /** Whether the output is one page, so that its items are the data and the rest is meta. */
  readonly isPage: boolean;
};

const PAGE_KEYS = 'items,limit,page,total';

function isPage(output: z.ZodType): boolean {
  return output instanceof z.ZodObject && Object.keys(output.shape).sort().join(',') === PAGE_KEYS;
}

function inputFields(inputs: readonly z.ZodType[]): Readonly<Record<string, JsonSchema>> {
  return Object.assign({}, ...inputs.map((input) => fieldsOf(jsonSchemaOf(input, 'input'))));
}

/** The operation of a procedure; null for one that is not on the REST surface. Throws when its route contradicts its input. */
export function operationOf(procedure: ProcedureInfo): Operation | null {
  const { rest, path, type, inputs, output } = procedure;
  if (!rest) return null;
  // Crawlers, prefetching browsers and caches take a GET for harmless.
  if (rest.method === 'GET' && type !== 'query') throw new Error(`${path} changes something, so it cannot be a GET.`);
  const pathParameters = [...rest.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const fields = inputFields(inputs);
  const unknown = pathParameters.find((name) => !Object.hasOwn(fields, name));
  if (unknown !== undefined) throw new Error(`{${unknown}} in the route of ${path} is no field of its input.`);
  return {
    procedure,
    method: rest.method,
    path: rest.path,
    status: rest.status ?? 200,
    pathParameters,
    fields,
    source: rest.method === 'GET' || rest.method === 'DELETE' ? 'query' : 'body',
    isPage: isPage(output),
  };
}

/** Every operation, in the order of the router. */
export const operations = (): readonly Operation[] => procedures().flatMap((procedure) => operationOf(procedure) ?? []);

/** The path in Fastify's notation: `/members/{userId}` → `/members/:userId`. */
export const fastifyPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

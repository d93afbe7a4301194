import { BodyTooLarge, ERROR_KINDS, type ErrorDefinition, UnsupportedMediaType } from '@morket/contract/errors';
import { successEnvelope } from '../envelope.ts';
import { EXAMPLE_REQUEST_ID, errorExample } from '../error-example.ts';
import { fieldsOf, type JsonSchema, jsonSchemaOf, refTo } from '../json-schema.ts';
import type { Operation } from '../operation.ts';
import type { Components, Ref } from './components.ts';
import { exampleOf } from './example-of.ts';

export type Response = {
  readonly description: string;
  readonly headers: Readonly<Record<string, JsonSchema>>;
  readonly content: { readonly 'application/json': { readonly schema: JsonSchema; readonly [key: string]: unknown } };
};

const header = (name: string) => ({ $ref: `#/components/headers/${name}` });

/** The header of every answer. */
const ALWAYS = { 'X-Request-Id': header('RequestId') };

/** Whether one of these failures says how long to wait. */
const asksToWait = (definitions: readonly ErrorDefinition[]): boolean =>
  definitions.some(({ details }) => Object.hasOwn(fieldsOf(jsonSchemaOf(details, 'output')), 'retryAfterSeconds'));

const failureHeaders = (status: number, definitions: readonly ErrorDefinition[]) => ({
  ...ALWAYS,
  ...(status === 401 ? { 'WWW-Authenticate': header('Challenge') } : {}),
  ...(asksToWait(definitions) ? { 'Retry-After': header('RetryAfter') } : {}),
});

const successHeaders = ({ keepsAnswer }: Operation['procedure']) => ({
  ...ALWAYS,
  ...(keepsAnswer ? { 'Idempotency-Replayed': header('Replayed') } : {}),
});

/** `billing.insufficient_credits` → `BillingInsufficientCredits`. */
const pascalCase = (code: string): string =>
  code.replaceAll(/(?:^|[._])(\w)/g, (_, letter: string) => letter.toUpperCase());

function errorSchema({ code, details, remedy }: ErrorDefinition, components: Components): JsonSchema {
  return components.putSchema(`${pascalCase(code)}Error`, {
    type: 'object',
    description: remedy,
    properties: {
      code: { type: 'string', const: code },
      message: { type: 'string' },
      details: jsonSchemaOf(details, 'output'),
      requestId: { type: 'string', format: 'uuid' },
    },
    required: ['code', 'message', 'details', 'requestId'],
  });
}

function failureSchema(definitions: readonly ErrorDefinition[], components: Components): JsonSchema {
  const oneOf = definitions.map((definition) => errorSchema(definition, components));
  const mapping = Object.fromEntries(definitions.map(({ code }, index) => [code, oneOf[index]?.$ref]));
  const error = {
    type: 'object',
    properties: {
      code: { type: 'string', enum: definitions.map(({ code }) => code) },
      message: { type: 'string' },
      details: { type: 'object' },
      requestId: { type: 'string', format: 'uuid' },
    },
    required: ['code', 'message', 'details', 'requestId'],
    oneOf,
    discriminator: { propertyName: 'code', mapping },
  } satisfies JsonSchema;
  return {
    type: 'object',
    properties: { success: { type: 'boolean', const: false }, data: { type: 'null' }, error },
    required: ['success', 'data', 'error'],
  };
}

function failureResponse(
  status: number,
  definitions: readonly ErrorDefinition[],
  components: Components,
): Response | Ref {
  const examples = definitions.map((definition) => {
    const error = { ...errorExample(definition), requestId: EXAMPLE_REQUEST_ID };
    const example = { summary: definition.remedy, value: { success: false, data: null, error } };
    return [definition.code, components.putExample(definition.code, example)] as const;
  });
  const schema = failureSchema(definitions, components);
  const response = {
    description: definitions.map(({ code }) => `\`${code}\``).join(', '),
    headers: failureHeaders(status, definitions),
    content: { 'application/json': { schema, examples: Object.fromEntries(examples) } },
  };
  const [first, ...others] = definitions;
  // One failure alone answers alike everywhere; sets of several belong to their operation.
  return first && others.length === 0 ? components.putResponse(pascalCase(first.code), response) : response;
}

/** Every failure of an operation: those of its procedure, and those of reading a body. */
export function failuresOf({ procedure, source }: Operation): readonly ErrorDefinition[] {
  const ofBody = source === 'body' ? [BodyTooLarge, UnsupportedMediaType] : [];
  return [...new Set([...procedure.errors, ...ofBody])];
}

function dataSchema({ procedure, isPage }: Operation, components: Components): JsonSchema {
  if (!isPage) return components.schemaOf(procedure.output, 'output');
  return fieldsOf(components.inlineOf(procedure.output, 'output')).items ?? {};
}

function successResponse(operation: Operation, components: Components): Response {
  const { isPage, procedure, status } = operation;
  const meta = { meta: refTo('PageMeta') };
  const schema: JsonSchema = {
    type: 'object',
    properties: {
      success: { type: 'boolean', const: true },
      data: dataSchema(operation, components),
      error: { type: 'null' },
      ...(isPage ? meta : {}),
    },
    required: ['success', 'data', 'error', ...(isPage ? ['meta'] : [])],
  };
  const result = exampleOf(components.inlineOf(procedure.output, 'output'), components.resolve);
  return {
    description: status === 201 ? 'Created.' : 'Done.',
    headers: successHeaders(procedure),
    content: { 'application/json': { schema, example: successEnvelope(operation, result) } },
  };
}

/** Every answer of an operation, by status: the success, and one for each status its failures have. */
export function responsesOf(operation: Operation, components: Components): Record<string, Response | Ref> {
  const byStatus = Map.groupBy(failuresOf(operation), ({ kind }) => ERROR_KINDS[kind].status);
  const failures = [...byStatus].map(([status, errors]) => [status, failureResponse(status, errors, components)]);
  return { [operation.status]: successResponse(operation, components), ...Object.fromEntries(failures) };
}

import type { ErrorDefinition } from '@morket/contract/errors';
import { jsonSchemaOf } from './json-schema.ts';
import { exampleOf } from './openapi/example-of.ts';

export const EXAMPLE_REQUEST_ID = '019aa2c4-9b1f-7d53-8c07-5e2d4f6a8b19';

/** What a failure says, with details made from their schema. */
export type ErrorExample = {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
};

/** A failure as an answer might show it. Throws when the example does not follow the schema of the details. */
export function errorExample({ code, details, message }: ErrorDefinition): ErrorExample {
  const example = details.parse(exampleOf(jsonSchemaOf(details, 'output')));
  return { code, message: message(example), details: example };
}

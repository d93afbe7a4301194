import { ERRORS } from '@morket/contract/catalogue';
import { ERROR_KINDS, type ErrorDefinition } from '@morket/contract/errors';
import { type ProcedureInfo, procedures } from '@morket/rpc';
import { errorExample } from '../error-example.ts';
import { fieldsOf, jsonSchemaOf } from '../json-schema.ts';
import { answeredBy } from './answered-by.ts';
import { code, generatedFrom, table } from './markdown.ts';
import { fieldList } from './schema-text.ts';

const TRANSPORT_ALONE = 'the transport, before a procedure runs';

const INTRODUCTION = `
A failed call answers with a code of this catalogue. Codes are stable: write your programs against them, not against messages.
REST puts the failure into \`error\` of the envelope; over tRPC it is the \`data\` of the error, with the code as \`errorCode\`. Both
carry the request id, by which the failure is found in the logs.
`.trim();

const statusOf = ({ kind }: ErrorDefinition): number => ERROR_KINDS[kind].status;
const domainOf = (errorCode: string): string => errorCode.split('.')[0] ?? '';

function section(definition: ErrorDefinition, all: readonly ProcedureInfo[]): string {
  const details = jsonSchemaOf(definition.details, 'output');
  const hasDetails = Object.keys(fieldsOf(details)).length > 0;
  const parts = [
    `### ${code(definition.code)}`,
    `**${statusOf(definition)}** · ${errorExample(definition).message}`,
    `What to do: ${definition.remedy}`,
    hasDetails ? `Details:\n\n${fieldList(details)}` : 'Details: none.',
    `Answered by: ${answeredBy(definition.code, all) ?? TRANSPORT_ALONE}.`,
  ];
  return parts.join('\n\n');
}

/** docs/errors.md: every failure of the catalogue with its status, message, details, remedy and the procedures that answer it. */
export function errorReference(): string {
  const all = procedures();
  const byDomain = Map.groupBy<string, ErrorDefinition>(ERRORS, (definition) => domainOf(definition.code));
  const overview = table(
    ['Code', 'Status', 'Message'],
    ERRORS.map((one: ErrorDefinition) => [code(one.code), String(statusOf(one)), errorExample(one).message]),
  );
  const domains = [...byDomain].flatMap(([domain, definitions]) => [
    `## ${domain}`,
    ...definitions.map((definition) => section(definition, all)),
  ]);
  const head = [generatedFrom('the error catalogue and the router'), '# Errors', INTRODUCTION, overview];
  return `${[...head, ...domains].join('\n\n')}\n`;
}

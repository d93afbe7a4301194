import { procedures } from '@morket/rpc';
import { afterEach, expect, test } from 'vitest';
import { fakeServices, GOOD_TOKEN, servicesAnswering } from '../test/fake-services.ts';
import { type RestApp, restApp } from '../test/rest-app.ts';
import { API_PREFIX } from './api-prefix.ts';
import { jsonSchemaOf } from './json-schema.ts';
import { openApiDocument } from './openapi/document.ts';
import { exampleOf } from './openapi/example-of.ts';
import { exampleInput } from './openapi/request.ts';
import { type Operation, operations } from './operation.ts';

let opened: RestApp | undefined;
afterEach(async () => {
  await opened?.app.close();
  opened = undefined;
});

const all = operations().map((operation) => [operation.procedure.path, operation] as const);

/** Calls an operation as its documentation shows it. */
function call({ app }: RestApp, operation: Operation) {
  const { method, path, source, pathParameters } = operation;
  const input = Object.entries(exampleInput(operation));
  const values = new Map(input.map(([name, value]) => [name, String(value)]));
  const url = `${API_PREFIX}${path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values.get(name) ?? '')}`;
  const rest = input.filter(([name]) => !pathParameters.includes(name));
  const headers = { authorization: `Bearer ${GOOD_TOKEN}` };
  if (source === 'body' && rest.length > 0) return app.inject({ method, url, headers, body: Object.fromEntries(rest) });
  const query = Object.fromEntries(rest.map(([name, value]) => [name, String(value)]));
  return app.inject({ method, url, headers, query: source === 'query' ? query : {} });
}

test('every procedure but subscriptions is on the REST surface', () => {
  const missing = procedures().filter(({ rest, type }) => rest === null && type !== 'subscription');
  expect(missing.map(({ path }) => path)).toEqual([]);
});

/**
 * Invariant: an address reaches the procedure it was derived from and no other. Everything a procedure does first fails here, and the
 * procedure layer logs the name of the procedure in which it failed.
 */
test.each(all)('the address of %s reaches exactly that procedure', async (path, operation) => {
  const fail = async () => {
    throw new Error('failed on purpose');
  };
  opened = restApp(fakeServices({ access: { identify: fail }, limits: { chargeAddress: fail } }));
  const answer = await call(opened, operation);
  expect(answer.json()).toMatchObject({ success: false, error: { code: 'server.internal' } });
  expect(opened.logged.map((entry) => entry.path)).toEqual([path]);
});

const ISO_DATE = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

/** The value a service would give for an answer in which dates are text. */
const withDates = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_key, item: unknown) =>
    typeof item === 'string' && ISO_DATE.test(item) ? new Date(item) : item,
  );

const { paths } = openApiDocument({ version: '0.1.0' });

/** Invariant: what the document shows as the answer is what comes over the wire; that it follows its schema is linted. */
test.each(all)('%s answers the example of the document', async (_path, operation) => {
  const { procedure, method, status } = operation;
  opened = restApp(servicesAnswering(withDates(exampleOf(jsonSchemaOf(procedure.output, 'output')))));
  const answer = await call(opened, operation);
  const documented = paths[operation.path]?.[method.toLowerCase()]?.responses[status];
  expect(answer.statusCode).toBe(status);
  expect(documented).toMatchObject({ content: { 'application/json': { example: answer.json() } } });
});

import { ERROR_KINDS } from '@morket/contract/errors';
import { isKeyPermission } from '@morket/contract/permissions';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { describe, expect, test } from 'vitest';
import { type Operation, operations } from '../operation.ts';
import { openApiDocument } from './document.ts';
import { failuresOf } from './responses.ts';

const document = openApiDocument({ version: '1.2.3', serverUrl: 'https://morket.example/' });

type Answer = {
  readonly description: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly content: { readonly 'application/json': { readonly schema: unknown; readonly examples?: object } };
};

/** An answer of an operation, looked up where the document only refers to it. */
function answerOf({ path, method }: Operation, status: number): Answer {
  const answer = document.paths[path]?.[method.toLowerCase()]?.responses[status];
  const name = answer && '$ref' in answer ? answer.$ref.split('/').at(-1) : undefined;
  return (name === undefined ? answer : document.components.responses[name]) as Answer; // the tests below look into it
}

const all = operations();
const operationNamed = (path: string) => {
  const { path: address = '', method = 'GET' } = all.find(({ procedure }) => procedure.path === path) ?? {};
  return document.paths[address]?.[method.toLowerCase()];
};

test('the recommended rules of Redocly find nothing, examples included', async () => {
  const config = await createConfig({ extends: ['recommended'] });
  const problems = await lintFromString({ source: JSON.stringify(document), config });
  expect(problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`)).toEqual([]);
});

test('the same sources make the same document', () => {
  expect(openApiDocument({ version: '1.2.3', serverUrl: 'https://morket.example' })).toEqual(document);
});

test('the server is the deployment, or wherever the document came from', () => {
  expect(document.servers).toEqual([{ url: 'https://morket.example/api/v1' }]);
  expect(openApiDocument({ version: '1.2.3' }).servers).toEqual([{ url: '/api/v1' }]);
});

test('operations bear the names of their procedures', () => {
  const ids = Object.values(document.paths).flatMap((byMethod) =>
    Object.values(byMethod).map((one) => one.operationId),
  );
  expect(ids.sort()).toEqual(
    operations()
      .map(({ procedure }) => procedure.path)
      .sort(),
  );
});

describe.each(operations().map((operation) => [operation.procedure.path, operation] as const))(
  '%s',
  (_path, operation) => {
    const failures = Map.groupBy(failuresOf(operation), ({ kind }) => ERROR_KINDS[kind].status);

    test('documents its success and every status it can fail with, no other', () => {
      const documented = Object.keys(document.paths[operation.path]?.[operation.method.toLowerCase()]?.responses ?? {});
      const expected = [operation.status, ...failures.keys()].map(String);
      expect(documented.sort()).toEqual(expected.sort());
    });

    test('lists every code of each status, with an example', () => {
      for (const [status, definitions] of failures) {
        const codes = definitions.map(({ code }) => code);
        const { schema, examples } = answerOf(operation, status).content['application/json'];
        expect(schema).toMatchObject({ properties: { error: { properties: { code: { enum: codes } } } } });
        expect(Object.keys(examples ?? {})).toEqual(codes);
      }
    });

    test('documents the headers of its answers', () => {
      for (const [status, definitions] of failures) {
        const isBusy =
          status === 429 || status === 503 || definitions.some(({ code }) => code === 'idempotency.in_progress');
        const expected = [
          'X-Request-Id',
          ...(status === 401 ? ['WWW-Authenticate'] : []),
          ...(isBusy ? ['Retry-After'] : []),
        ];
        expect(Object.keys(answerOf(operation, status).headers)).toEqual(expected);
      }
      const { keepsAnswer } = operation.procedure;
      const ofSuccess = ['X-Request-Id', ...(keepsAnswer ? ['Idempotency-Replayed'] : [])];
      expect(Object.keys(answerOf(operation, operation.status).headers)).toEqual(ofSuccess);
    });

    test('asks for a token unless it is public, or for an API key where one may hold the permission', () => {
      const { access } = operation.procedure;
      const one = document.paths[operation.path]?.[operation.method.toLowerCase()];
      const takesKeys = access.kind === 'workspace' && isKeyPermission(access.permission);
      expect(one?.security).toEqual([
        ...(access.kind === 'public' ? [] : [{ bearer: [] }]),
        ...(takesKeys ? [{ apiKey: [] }] : []),
      ]);
      expect(/[Tt]akes no API key\./.test(one?.description ?? '')).toBe(access.kind !== 'public' && !takesKeys);
    });
  },
);

test('answers speak of schemas by the names of the contract', () => {
  for (const operation of operations()) {
    const { schema } = answerOf(operation, operation.status).content['application/json'];
    expect(schema, operation.procedure.path).toMatchObject({
      properties: {
        data: operation.isPage
          ? { type: 'array', items: { $ref: expect.stringMatching(/^#\/components\/schemas\/\w+$/) } }
          : expect.toSatisfy((data) => '$ref' in data || data.type === 'null'),
      },
    });
  }
});

test('a page is its items, with meta beside them', () => {
  const page = answerOf(operations().find(({ isPage }) => isPage) as Operation, 200); // there are several
  expect(page.content['application/json']).toMatchObject({
    schema: { required: ['success', 'data', 'error', 'meta'], properties: { meta: { $ref: expect.any(String) } } },
    example: { meta: { page: 1, limit: 1, total: 1 } },
  });
});

test('path fields are parameters, and the body is what is left', () => {
  const rotate = operationNamed('credential.rotate');
  expect(rotate?.parameters).toMatchObject([
    { name: 'workspaceId', in: 'path', required: true },
    { name: 'credentialId', in: 'path', required: true },
    { $ref: '#/components/parameters/IdempotencyKey' },
  ]);
  expect(rotate?.requestBody?.content['application/json'].schema).toMatchObject({
    properties: { key: {}, secret: {} },
    required: ['key'],
  });
  expect(operationNamed('auth.register')?.requestBody?.content['application/json'].schema).toEqual({
    $ref: '#/components/schemas/RegisterInput',
  });
  expect(operationNamed('auth.sessions.revokeOthers')?.requestBody).toBeUndefined();
});

test('every change that needs a token, and the exchange of a refresh token, document the Idempotency-Key header', () => {
  const takingIt = all.filter(({ procedure }) =>
    operationNamed(procedure.path)?.parameters?.some(
      (parameter) => '$ref' in parameter && parameter.$ref === '#/components/parameters/IdempotencyKey',
    ),
  );
  const wanted = all.filter(
    ({ method, procedure: { access, path } }) =>
      (method !== 'GET' && access.kind !== 'public') || path === 'auth.refresh',
  );
  const pathsOf = (list: typeof all) => list.map(({ procedure }) => procedure.path);
  expect(pathsOf(takingIt)).toEqual(pathsOf(wanted));
  for (const { procedure } of wanted) {
    const codes = procedure.errors.map(({ code }) => code).filter((code) => code.startsWith('idempotency.'));
    const isExchange = procedure.path === 'auth.refresh';
    expect(codes).toEqual(isExchange ? [] : ['idempotency.in_progress', 'idempotency.mismatch']);
  }
});

describe('webhooks', () => {
  test('are the events that can be delivered, each with a body as it is sent and the headers that sign it', () => {
    const names = Object.keys(document.webhooks);
    expect(names).toContain('billing.debited');
    expect(names).toContain('webhook.test');
    expect(names.filter((name) => /^(?:auth|webhook)\./.test(name))).toEqual(['webhook.test']);
    expect(document.webhooks['billing.debited']?.post).toMatchObject({
      operationId: 'billing.debited.delivered',
      requestBody: { content: { 'application/json': { example: { type: 'billing.debited', data: { version: 1 } } } } },
      parameters: [{ name: 'webhook-id' }, { name: 'webhook-timestamp' }, { name: 'webhook-signature' }],
    });
  });
});

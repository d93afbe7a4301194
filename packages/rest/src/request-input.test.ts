import { InvalidInput } from '@morket/contract/errors';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { anOperation, operationNamed } from '../test/a-procedure.ts';
import { requestInput } from './request-input.ts';

const ID = '019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40';
const OTHER_ID = '019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a41';

const bare = { params: {}, query: {}, body: undefined };
const update = operationNamed('workspace.update');
const list = operationNamed('workspace.members.list');
const remove = operationNamed('workspace.members.remove');

function issuesOf(work: () => unknown): readonly { path: string; message: string }[] {
  try {
    work();
  } catch (err) {
    if (InvalidInput.is(err)) return err.details.issues;
    throw err;
  }
  return [];
}

test('path and body are one input', () => {
  const parts = { ...bare, params: { workspaceId: ID }, body: { name: 'Engines' } };
  expect(requestInput(update, parts)).toEqual({ workspaceId: ID, name: 'Engines' });
});

test('path and query are one input, and the query has the types of its fields', () => {
  const parts = { ...bare, params: { workspaceId: ID }, query: { page: '2', limit: '50', other: '1' } };
  expect(requestInput(list, parts)).toEqual({ workspaceId: ID, page: 2, limit: 50, other: '1' });
});

test('a POST ignores the query string', () => {
  const parts = { params: { workspaceId: ID }, query: { name: 'From query' }, body: { name: 'From body' } };
  expect(requestInput(update, parts)).toEqual({ workspaceId: ID, name: 'From body' });
});

test('a path parameter has the type of its field', () => {
  const operation = anOperation({
    rest: { method: 'POST', path: '/things/{number}' },
    inputs: [z.object({ number: z.int() })],
  });
  expect(requestInput(operation, { ...bare, params: { number: '7' } })).toEqual({ number: 7 });
});

test('a procedure without input gets none, whatever is sent', () => {
  const operation = operationNamed('auth.sessions.revokeOthers');
  expect(requestInput(operation, bare)).toBeUndefined();
  expect(requestInput(operation, { ...bare, body: { all: true } })).toBeUndefined();
});

test('no body is no fields', () => {
  expect(requestInput(update, { ...bare, params: { workspaceId: ID } })).toEqual({ workspaceId: ID });
});

describe('a field that repeats a path parameter', () => {
  const withBody = (workspaceId: unknown) => ({
    ...bare,
    params: { workspaceId: ID },
    body: { workspaceId, name: 'Engines' },
  });

  test('may say the same, in another spelling too', () => {
    expect(requestInput(update, withBody(ID))).toEqual({ workspaceId: ID, name: 'Engines' });
    expect(requestInput(update, withBody(ID.toUpperCase()))).toEqual({ workspaceId: ID, name: 'Engines' });
  });

  test.each([OTHER_ID, null, 7, [ID], {}])('may not say %j', (workspaceId) => {
    expect(issuesOf(() => requestInput(update, withBody(workspaceId)))).toEqual([
      { path: 'workspaceId', message: 'contradicts the path' },
    ]);
  });

  test('may not contradict in the query string either', () => {
    const parts = { ...bare, params: { workspaceId: ID }, query: { workspaceId: OTHER_ID } };
    expect(issuesOf(() => requestInput(list, parts))).toEqual([
      { path: 'workspaceId', message: 'contradicts the path' },
    ]);
  });
});

describe('a body that is no object is refused', () => {
  test.each([[[]], ['text'], [7], [null], [true]])('%j', (body) => {
    const parts = { ...bare, params: { workspaceId: ID }, body };
    expect(issuesOf(() => requestInput(update, parts))).toEqual([
      { path: '', message: 'the body must be a JSON object' },
    ]);
  });
});

test('a DELETE refuses fields in its body, and takes an empty one', () => {
  const params = { workspaceId: ID, userId: OTHER_ID };
  expect(issuesOf(() => requestInput(remove, { ...bare, params, body: { force: true } }))).toEqual([
    { path: '', message: 'a DELETE takes its fields in the query string' },
  ]);
  expect(requestInput(remove, { ...bare, params, body: {} })).toEqual(params);
});

test('a field named __proto__ reaches no prototype', () => {
  const query = JSON.parse('{"__proto__": {"polluted": true}, "page": "1"}');
  const input = requestInput(operationNamed('workspace.list'), { ...bare, query });
  expect(Object.getPrototypeOf(input)).toBe(Object.prototype);
  expect(input).not.toHaveProperty('polluted');
});

import { procedures } from '@morket/rpc';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { anOperation, aProcedure } from '../test/a-procedure.ts';
import { fastifyPath, operationOf, operations } from './operation.ts';

test('every procedure with a route is an operation, once', () => {
  const routed = procedures().filter(({ rest }) => rest !== null);
  expect(operations().map(({ procedure }) => procedure.path)).toEqual(routed.map(({ path }) => path));
  const addresses = operations().map(({ method, path }) => `${method} ${path}`);
  expect(new Set(addresses).size).toBe(addresses.length);
});

test('a procedure without a route is none', () => {
  expect(operationOf(aProcedure({ rest: null }))).toBeNull();
});

test('path parameters are fields of the input, gathered from all of its parts', () => {
  const operation = anOperation({
    rest: { method: 'PUT', path: '/things/{thingId}/parts/{partId}' },
    inputs: [z.object({ thingId: z.uuid().optional() }), z.object({ partId: z.uuid(), name: z.string() })],
  });
  expect(operation.pathParameters).toEqual(['thingId', 'partId']);
  expect(Object.keys(operation.fields)).toEqual(['thingId', 'partId', 'name']);
  expect(fastifyPath(operation.path)).toBe('/things/:thingId/parts/:partId');
});

test('GET and DELETE read the query string, the others the body', () => {
  const sourceOf = (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE') =>
    anOperation({ type: 'query', rest: { method, path: '/things' } }).source;
  expect([sourceOf('GET'), sourceOf('DELETE')]).toEqual(['query', 'query']);
  expect([sourceOf('POST'), sourceOf('PUT'), sourceOf('PATCH')]).toEqual(['body', 'body', 'body']);
});

test('only an output of items, page, limit and total is a page', () => {
  const page = z.object({ items: z.array(z.string()), page: z.int(), limit: z.int(), total: z.int() });
  expect(anOperation({ output: page }).isPage).toBe(true);
  expect(anOperation({ output: page.extend({ sum: z.int() }) }).isPage).toBe(false);
  expect(anOperation({ output: z.object({ items: z.array(z.string()) }) }).isPage).toBe(false);
  expect(anOperation({ output: z.null() }).isPage).toBe(false);
});

describe('a route that contradicts its procedure is refused at start', () => {
  test('a GET that changes something', () => {
    expect(() => anOperation({ rest: { method: 'GET', path: '/things' } })).toThrow('thing.do');
  });

  test('a path parameter that is no field', () => {
    expect(() => anOperation({ rest: { method: 'POST', path: '/things/{thingId}' } })).toThrow('{thingId}');
  });

  test('an input that is no object', () => {
    expect(() => anOperation({ inputs: [z.string()] })).toThrow('object');
  });
});

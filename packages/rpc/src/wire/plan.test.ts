import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { planOf } from './plan.ts';

const kindOf = (schema: unknown) => {
  const plan = planOf(schema);
  return typeof plan === 'function' ? 'walked' : (plan ?? 'left to superjson');
};

const Tree = z.object({
  name: z.string(),
  get children() {
    return z.array(Tree);
  },
});
const Status = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('open') }),
  z.object({ kind: z.literal('closed'), at: z.date() }),
]);

const endless = (): z.ZodType => z.lazy(() => z.union([endless(), endless()]));

describe('how values of a schema are written', () => {
  test.each([
    ['null', z.null()],
    ['text in any form', z.uuid().toLowerCase().max(40)],
    ['an object of words', z.object({ a: z.string(), b: z.boolean().nullable(), c: z.enum(['x', 'y']) })],
    ['a closed object', z.strictObject({ a: z.iso.datetime() })],
    ['a list of words', z.array(z.union([z.string(), z.literal(['a', 1, null])])).max(3)],
    ['a pair of words', z.tuple([z.string(), z.boolean()])],
    ['a branded word, described', z.string().brand('Word').describe('a word')],
  ])('plain: %s', (_, schema) => expect(kindOf(schema)).toBe('plain'));

  test.each([
    ['a number, which may be −0', z.int().nonnegative()],
    ['a date', z.date()],
    ['what may be absent', z.object({ a: z.string().optional() })],
    ['a page', z.object({ items: z.array(z.object({ at: z.date().nullable() })), total: z.int() })],
    ['a record', z.record(z.string(), z.string())],
    ['a union with a date', z.union([z.string(), z.date()])],
    ['alternatives', Status],
    ['a tree', Tree],
    ['JSON', z.json()],
    ['a frozen list', z.array(z.date()).readonly()],
    ['a literal 0, which may be −0', z.literal(['none', 0])],
    ['a number of an enum, which may be −0', z.enum({ None: 0, One: 1 })],
  ])('walked: %s', (_, schema) => expect(kindOf(schema)).toBe('walked'));

  test.each([
    ['no schema', undefined],
    ['anything', z.unknown()],
    ['a field with anything', z.object({ a: z.any() })],
    ['a bigint', z.bigint()],
    ['a map', z.map(z.string(), z.string())],
    ['a set in a list', z.array(z.set(z.string()))],
    ['nothing', z.void()],
    ['a literal nothing', z.literal([undefined])],
    ['an open object', z.looseObject({ a: z.string() })],
    ['what becomes something else', z.string().transform(() => new Map())],
    ['what is put in place of a fault', z.string().catch('')],
    ['a default', z.object({ a: z.array(z.string()).default([]) })],
    ['a container put in place of another', z.array(z.string()).overwrite((list) => list.toSorted())],
    [
      'what may be absent, put in place of another',
      z
        .string()
        .optional()
        .overwrite((text) => text),
    ],
    [
      'a nullable, put in place of another',
      z
        .array(z.string())
        .nullable()
        .overwrite((list) => list),
    ],
    ['one of two, put in place of another', z.union([z.string(), z.array(z.string())]).overwrite((one) => one)],
    [
      'a frozen list, put in place of another',
      z
        .array(z.string())
        .readonly()
        .overwrite((list) => list),
    ],
    ['what is known later, put in place of another', z.lazy(() => z.array(z.string())).overwrite((list) => list)],
    ['what is new on every look', endless()],
    ['something of one’s own', z.custom<Buffer>()],
    ['a class', z.instanceof(URL)],
    ['a field that superjson refuses', z.object({ constructor: z.string() })],
    ['a field without a name', z.object({ '': z.date() })],
  ])('left to superjson: %s', (_, schema) => expect(kindOf(schema)).toBe('left to superjson'));
});

test('a schema that holds another twice, and so on down, is planned once for each', () => {
  let reads = 0;
  let schema: z.ZodType = z.date();
  for (let level = 0; level < 40; level += 1) {
    const inner = schema;
    schema = z.lazy(() => {
      reads += 1;
      return z.tuple([inner, inner]);
    });
  }
  expect(kindOf(schema)).toBe('walked');
  expect(reads).toBe(40);
});

import { expect, test } from 'vitest';
import { z } from 'zod';
import { jsonSchemaOf } from '../json-schema.ts';
import { operations } from '../operation.ts';
import { exampleOf } from './example-of.ts';
import { exampleInput } from './request.ts';

const exampleFor = (schema: z.ZodType) => exampleOf(jsonSchemaOf(schema, 'input'));

test("a schema's own example wins, then its default, its constant, its first choice", () => {
  expect(exampleFor(z.string().meta({ examples: ['Ada', 'Grace'] }))).toBe('Ada');
  expect(exampleFor(z.int().default(20))).toBe(20);
  expect(exampleFor(z.literal('ok'))).toBe('ok');
  expect(exampleFor(z.enum(['free', 'pro']))).toBe('free');
});

test.each([
  ['a number within bounds', z.int().min(5).max(9), 5],
  ['a number below a bound', z.int().max(-3), -3],
  ['a positive number', z.int().positive(), 1],
  ['a negative number', z.int().negative(), -1],
  ['a short text', z.string().max(2), 'te'],
  ['a long text', z.string().min(8), 'text....'],
  ['a truth', z.boolean(), true],
  ['nothing', z.null(), null],
  ['what may be null', z.null().or(z.int()), 1],
  ['enough of a list', z.array(z.int()).min(2), [1, 1]],
  ['an object in an object', z.object({ a: z.object({ b: z.int() }) }), { a: { b: 1 } }],
])('%s', (_name, schema, example) => {
  expect(exampleFor(schema)).toEqual(example);
  expect(schema.safeParse(example).success).toBe(true);
});

test('a reference is followed', () => {
  const schema = { type: 'object', properties: { role: { $ref: '#/components/schemas/Role' } } } as const;
  expect(exampleOf(schema, () => ({ enum: ['owner'] }))).toEqual({ role: 'owner' });
  expect(() => exampleOf(schema)).toThrow('#/components/schemas/Role');
});

test.each(operations().map((operation) => [operation.procedure.path, operation] as const))(
  '%s takes its own example',
  (_path, operation) => {
    const example = exampleInput(operation);
    for (const input of operation.procedure.inputs) expect(input.safeParse(example)).toMatchObject({ success: true });
  },
);

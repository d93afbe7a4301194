import { expect, test } from 'vitest';
import { z } from 'zod';
import { fieldsOf, jsonSchemaOf } from './json-schema.ts';

test('dates are text on the wire', () => {
  expect(jsonSchemaOf(z.object({ at: z.date() }), 'output')).toEqual({
    type: 'object',
    properties: { at: { type: 'string', format: 'date-time' } },
    required: ['at'],
  });
});

test('a default is optional to send and certain to receive', () => {
  const schema = z.object({ page: z.int().default(1) });
  expect(jsonSchemaOf(schema, 'input').required).toBeUndefined();
  expect(jsonSchemaOf(schema, 'output').required).toEqual(['page']);
});

test('a format that says it all stands without its pattern, another pattern stays', () => {
  expect(jsonSchemaOf(z.uuid(), 'input')).toEqual({ type: 'string', format: 'uuid' });
  expect(jsonSchemaOf(z.string().regex(/^a+$/), 'input')).toEqual({ type: 'string', pattern: '^a+$' });
});

test('integers beyond 32 bits say so', () => {
  expect(jsonSchemaOf(z.int(), 'input')).toMatchObject({ type: 'integer', format: 'int64' });
  expect(jsonSchemaOf(z.int().max(100), 'input')).not.toHaveProperty('format');
});

test('named parts are references, the outermost schema never', () => {
  const part = z.object({ id: z.string() });
  const whole = z.object({ one: part, other: part.nullable() });
  const nameOf = (schema: z.core.$ZodType) => (schema === part ? 'Part' : schema === whole ? 'Whole' : undefined);
  expect(jsonSchemaOf(whole, 'output', nameOf).properties).toEqual({
    one: { $ref: '#/components/schemas/Part' },
    other: { anyOf: [{ $ref: '#/components/schemas/Part' }, { type: 'null' }] },
  });
});

test('what JSON cannot carry is refused', () => {
  expect(() => jsonSchemaOf(z.object({ credits: z.bigint() }), 'output')).toThrow('bigint');
});

test('only an object has fields', () => {
  expect(() => fieldsOf(jsonSchemaOf(z.union([z.object({}), z.null()]), 'input'))).toThrow('object');
});

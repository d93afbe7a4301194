import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { coerce } from './coercion.ts';
import { jsonSchemaOf } from './json-schema.ts';

const coerceAs = (schema: z.ZodType, text: unknown) => coerce(text, jsonSchemaOf(schema, 'input'));

describe('text takes the type its schema asks for', () => {
  test.each([
    ['an integer', z.int(), '42', 42],
    ['a negative integer', z.int(), '-7', -7],
    ['a number', z.number(), '2.5e1', 25],
    ['true', z.boolean(), 'true', true],
    ['false', z.boolean(), 'false', false],
    ['null', z.uuid().nullable(), 'null', null],
    ['a default', z.int().default(20), '5', 5],
    ['a union', z.union([z.int(), z.boolean()]), 'true', true],
    ['a numeric literal', z.literal(3), '3', 3],
  ])('%s', (_name, schema, text, value) => {
    expect(coerceAs(schema, text)).toBe(value);
  });
});

describe('what does not fit stays text, for validation to refuse', () => {
  test.each([
    ['words for an integer', z.int(), 'many'],
    ['nothing for an integer', z.int(), ''],
    ['a fraction for an integer', z.int(), '1.5'],
    ['hexadecimal', z.int(), '0x10'],
    ['infinity', z.number(), 'Infinity'],
    ['blanks', z.number(), ' 1 '],
    ['a capital boolean', z.boolean(), 'True'],
    ['null where there is none', z.int(), 'null'],
  ])('%s', (_name, schema, text) => {
    expect(coerceAs(schema, text)).toBe(text);
  });
});

test('text that looks like another type stays text where text is asked for', () => {
  expect(coerceAs(z.string(), '42')).toBe('42');
  expect(coerceAs(z.string(), 'null')).toBe('null');
  expect(coerceAs(z.union([z.string(), z.int()]), '42')).toBe('42');
});

test('a list is a repeated name, and a single one is a list of one', () => {
  const schema = z.array(z.int()).max(10).optional();
  expect(coerceAs(schema, ['1', '2'])).toEqual([1, 2]);
  expect(coerceAs(schema, '1')).toEqual([1]);
});

test('a repeated name where one value is asked for is left for validation to refuse', () => {
  expect(coerceAs(z.int(), ['1', '2'])).toEqual(['1', '2']);
});

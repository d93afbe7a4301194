import fc from 'fast-check';
import { test } from 'vitest';
import { z } from 'zod';
import { coerce } from './coercion.ts';
import { jsonSchemaOf } from './json-schema.ts';

/** Kinds of fields a query string can carry, each with values of its own. */
const fields = fc.oneof(
  fc.record({ schema: fc.constant(z.int()), value: fc.maxSafeInteger() }),
  fc.record({ schema: fc.constant(z.number()), value: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
  fc.record({ schema: fc.constant(z.boolean()), value: fc.boolean() }),
  fc.record({ schema: fc.constant(z.string()), value: fc.string() }),
  fc.record({ schema: fc.constant(z.int().nullable()), value: fc.option(fc.maxSafeInteger()) }),
  fc.record({ schema: fc.constant(z.array(z.int())), value: fc.array(fc.maxSafeInteger(), { minLength: 1 }) }),
);

/**
 * Invariant: a value that a schema accepts is the same value after it has been written as text into a query string and coerced back,
 * and the schema accepts it again.
 */
test('what a schema accepts survives the query string', () => {
  fc.assert(
    fc.property(fields, ({ schema, value }) => {
      const text = Array.isArray(value) ? value.map(String) : String(value);
      const back = schema.safeParse(coerce(text, jsonSchemaOf(schema, 'input')));
      const expected = value === 0 ? 0 : value; // −0 is written as 0
      return back.success && JSON.stringify(back.data) === JSON.stringify(expected);
    }),
    { numRuns: 500 },
  );
});

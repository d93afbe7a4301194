import fc from 'fast-check';
import superjson from 'superjson';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { procedures } from '../manifest.ts';
import { planOf } from './plan.ts';
import { wireSerializer } from './serializer.ts';

/** A schema with values that it takes. */
type Case = { readonly schema: z.ZodType; readonly values: fc.Arbitrary<unknown> };
const aCase = (schema: z.ZodType, values: fc.Arbitrary<unknown>): Case => ({ schema, values });

/** Some are few, so that one and the same often stands in two places. */
const dates = fc.oneof(fc.constantFrom(new Date(0), new Date(-62_198_755_200_001)), {
  weight: 4,
  arbitrary: fc.date({ noInvalidDate: true }),
});
/** Names that paths escape, that JSON escapes, and that sort before all others in an object. */
const keys = fc.constantFrom('a', 'b.c', 'd\\e', 'ö "quoted"', '7', 'ends.', '\u2028', 'constructor', '');
const plainKeys = keys.filter((key) => key !== 'constructor');
const numbers = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(0, -0));

const scalars = fc.constantFrom(
  aCase(z.string(), fc.string({ unit: 'binary' })),
  aCase(z.number(), numbers),
  aCase(z.int(), fc.constantFrom(-1, -0, 0, 1, Number.MAX_SAFE_INTEGER)),
  aCase(z.boolean(), fc.boolean()),
  aCase(z.null(), fc.constant(null)),
  aCase(z.date(), dates),
  aCase(z.enum(['x', 'y']), fc.constantFrom('x', 'y')),
  aCase(z.literal(['z', 3, null]), fc.constantFrom('z', 3, null)),
  aCase(z.union([z.date(), z.string(), z.number()]), fc.oneof(dates, fc.string(), numbers)),
  aCase(z.string().default('said'), fc.constantFrom(undefined, 'x')),
  aCase(z.json(), fc.jsonValue({ noUnicodeString: false })),
  // What only superjson can write.
  aCase(z.bigint(), fc.bigInt()),
  aCase(
    z.map(z.string(), z.date()),
    fc.array(fc.tuple(fc.string(), dates)).map((entries) => new Map(entries)),
  ),
  aCase(
    z.set(z.date()),
    fc.array(dates).map((items) => new Set(items)),
  ),
  aCase(z.undefined(), fc.constant(undefined)),
  aCase(z.any(), fc.oneof(dates, fc.constantFrom(Number.NaN, Infinity, /x/g, undefined, new URL('https://x.example')))),
  aCase(
    z.string().transform((text) => ({ at: new Date(text.length) })),
    fc.string(),
  ),
);

function objectOf(fields: readonly (readonly [string, Case, boolean])[]): Case {
  const shape = Object.fromEntries(
    fields.map(([key, { schema }, isOptional]) => [key, isOptional ? schema.optional() : schema]),
  );
  const entries = fields.map(([key, { values }, isOptional]) =>
    // Absent, there but undefined, or there.
    isOptional
      ? fc.oneof(
          fc.constantFrom([], [[key, undefined]]),
          values.map((value) => [[key, value]]),
        )
      : values.map((value) => [[key, value]]),
  );
  return aCase(
    z.object(shape),
    fc.tuple(...entries).map((all) => Object.fromEntries(all.flat() as [string, unknown][])),
  ); // pairs, as made above
}

const { cases } = fc.letrec<{ cases: Case }>((tie) => ({
  cases: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalars,
    // What plans are for: else superjson would do most of the work.
    { weight: 2, arbitrary: fc.constant(aCase(z.date(), dates)) },
    fc
      .uniqueArray(fc.tuple(plainKeys, tie('cases'), fc.boolean()), { maxLength: 5, selector: ([key]) => key })
      .map(objectOf),
    tie('cases').map(({ schema, values }) => aCase(z.array(schema), fc.array(values, { maxLength: 4 }))),
    tie('cases').map(({ schema, values }) => aCase(schema.nullable(), fc.option(values))),
    tie('cases').map(({ schema, values }) => aCase(schema.readonly(), values)),
    fc
      .tuple(tie('cases'), tie('cases'))
      .map(([one, two]) => aCase(z.tuple([one.schema, two.schema]), fc.tuple(one.values, two.values))),
    fc
      .tuple(tie('cases'), tie('cases'))
      .map(([one, two]) => aCase(z.union([one.schema, two.schema]), fc.oneof(one.values, two.values))),
    tie('cases').map(({ schema, values }) => aCase(z.record(z.string(), schema), fc.dictionary(plainKeys, values))),
  ),
}));

function expectWhatSuperjsonWrites(schema: z.ZodType, value: unknown): void {
  const reference: ReturnType<typeof superjson.serialize> = JSON.parse(JSON.stringify(superjson.serialize(value)));
  const wire: typeof reference = JSON.parse(wireSerializer(schema)(value));
  expect(wire).toStrictEqual(reference);
  const read = superjson.deserialize(wire);
  expect(read).toStrictEqual(superjson.deserialize(reference));
  // superjson itself loses the order of a set that shares a date with another.
  if (planOf(schema) !== null) expect(read).toEqual(value);
}

/**
 * Invariant: whatever schema a procedure declares and whatever value that schema has parsed, the wire carries the JSON and the notes
 * that superjson would write, and reading it gives the value back.
 */
test('any schema, any value', () => {
  const pairs = cases.chain(({ schema, values }) => values.map((value) => ({ schema, value })));
  fc.assert(
    fc.property(pairs, ({ schema, value }) => expectWhatSuperjsonWrites(schema, schema.parse(value))),
    { numRuns: 1_000 },
  );
});

/** Values of a schema of the product. */
function valuesOf(schema: z.core.$ZodType): fc.Arbitrary<unknown> {
  if (schema instanceof z.ZodObject) {
    return fc.record(Object.fromEntries(Object.entries(schema.shape).map(([key, field]) => [key, valuesOf(field)])));
  }
  if (schema instanceof z.ZodArray) return fc.array(valuesOf(schema.element), { maxLength: 5 });
  if (schema instanceof z.ZodNullable) return fc.option(valuesOf(schema.unwrap()));
  if (schema instanceof z.ZodOptional) return fc.option(valuesOf(schema.unwrap()), { nil: undefined });
  if (schema instanceof z.ZodDate) return dates;
  if (schema instanceof z.ZodUUID) return fc.uuid();
  if (schema instanceof z.ZodNumber) {
    return fc
      .oneof(fc.nat(500), fc.maxSafeInteger(), fc.constant(-0))
      .filter((value) => schema.safeParse(value).success);
  }
  if (schema instanceof z.ZodBoolean) return fc.boolean();
  if (schema instanceof z.ZodEnum) return fc.constantFrom(...schema.options);
  if (schema instanceof z.ZodLiteral) return fc.constantFrom(...schema.values);
  if (schema instanceof z.ZodNull) return fc.constant(null);
  if (schema instanceof z.ZodUnion) return fc.oneof(...schema.options.map((option) => valuesOf(option)));
  if (schema instanceof z.ZodRecord) return fc.dictionary(plainKeys, valuesOf(schema.valueType));
  // Keys that superjson refuses are none of theirs.
  if (schema instanceof z.ZodUnknown)
    return fc.oneof(fc.string(), numbers, fc.constant(null), fc.dictionary(plainKeys, fc.string()));
  if (schema instanceof z.ZodString)
    return fc.string({ maxLength: 30 }).filter((text) => schema.safeParse(text).success);
  throw new Error(`Say what values of ${schema._zod.def.type} look like.`);
}

/** Invariant: the same holds for the outputs that the product declares. */
test.each(procedures().map(({ path, output }) => [path, output] as const))('%s', (_, output) => {
  fc.assert(
    fc.property(valuesOf(output), (value) => expectWhatSuperjsonWrites(output, output.parse(value))),
    { numRuns: 100 },
  );
});

test.each(['a.b', 'c\\d', '\\.', 'e"f', '7', '\u2028', 'length'])('a date under the key %j', (key) => {
  const [at, other] = [new Date(1), new Date(2)];
  const fields = z.object({ [key]: z.object({ [key]: z.array(z.date()) }) });
  expectWhatSuperjsonWrites(fields, fields.parse({ [key]: { [key]: [at, other] } }));
  const record = z.record(z.string(), z.record(z.string(), z.date()));
  expectWhatSuperjsonWrites(record, record.parse({ [key]: { [key]: at }, other: { [key]: other } }));
});

test.each([
  ['an invalid date', z.array(z.date()), [new Date(Number.NaN)]],
  ['a date that writes itself', z.array(z.date()), [Object.assign(new Date(0), { toJSON: () => 'mine' })]],
  ['−0 for a literal 0', z.array(z.literal(0)), [-0]],
  ['−0 for 0 of an enum', z.array(z.enum({ None: 0 })), [-0]],
])('%s is written as superjson writes it', (_, schema, value) => {
  expect(wireSerializer(schema)(value)).toBe(JSON.stringify(superjson.serialize(value)));
});

test('a key that superjson refuses is refused', () => {
  const schema = z.record(z.string(), z.string());
  const value = schema.parse({ constructor: 'x' });
  expect(() => superjson.serialize(value)).toThrow();
  expect(() => wireSerializer(schema)(value)).toThrow();
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTraceparent, toTraceparent } from './traceparent.ts';

const hex = (length: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
    .map((digits) => digits.join(''));
const id = (length: number) => hex(length).filter((text) => !/^0+$/.test(text));
const place = fc.record({ traceId: id(32), spanId: id(16), isSampled: fc.boolean() });

/** Invariant: what is written is read back as it was. */
test('a place in a trace comes back as it went', () =>
  fc.assert(
    fc.property(place, (given) => {
      expect(parseTraceparent(toTraceparent(given))).toEqual(given);
    }),
  ));

/** Invariant: whatever a stranger sends is either a place with ids of the right form, or nothing; it never throws. */
test('anything at all is a place or nothing', () =>
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: 'binary' }), place.map(toTraceparent)),
      fc.string(),
      (start, end) => {
        const read = parseTraceparent(start + end);
        if (read) expect(`${read.traceId} ${read.spanId}`).toMatch(/^[\da-f]{32} [\da-f]{16}$/);
      },
    ),
  ));

const GOOD = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
test.each([
  ['absent', undefined],
  ['null', null],
  ['empty', ''],
  ['a version that is forbidden', `ff${GOOD.slice(2)}`],
  ['more than version 00 has', `${GOOD}-more`],
  ['capitals', GOOD.toUpperCase()],
  ['no trace', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
  ['no span', `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`],
  ['two of them', `${GOOD}, ${GOOD}`],
  ['a megabyte', `01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-${'x'.repeat(1_000_000)}`],
])('malformed is ignored: %s', (_, value) => {
  expect(parseTraceparent(value)).toBeNull();
});

test('a later version is read as far as it is known', () => {
  expect(parseTraceparent(`cc${GOOD.slice(2)}-what-comes-then`)).toMatchObject({ isSampled: true });
});

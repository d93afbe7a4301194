import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cursorId, judgeCursor, parseCursor } from './cursor.model.ts';

const half = fc.bigInt({ min: 0n, max: 2n ** 62n - 1n });
const cursor = fc
  .tuple(fc.stringMatching(/^[a-z0-9-]{1,40}$/), half, half, half, fc.nat(2_000_000_000))
  .map(([epoch, from, length, seq, atSeconds]) => ({ epoch, from, to: from + length, seq, atSeconds }));

/** Invariant: a cursor comes back from its id as it was, and its id is one that an input takes. */
test('an id stands for one cursor', () => {
  fc.assert(
    fc.property(cursor, (given) => {
      const id = cursorId(given);
      expect(parseCursor(id)).toEqual(given);
      expect(id.length).toBeLessThanOrEqual(200);
    }),
  );
});

/** Invariant: any text is a cursor or none; nothing is thrown, and no number leaves what the database holds. */
test('any other text stands for none', () => {
  const nearly = fc.tuple(cursor, fc.nat(150), fc.string({ maxLength: 3 })).map(([given, at, text]) => {
    const id = cursorId(given);
    return id.slice(0, at) + text + id.slice(at + 1);
  });
  fc.assert(
    fc.property(fc.oneof(fc.string(), nearly), (text) => {
      const read = parseCursor(text);
      if (!read) return;
      expect(read.from <= read.to && read.to < 2n ** 63n && read.seq < 2n ** 63n).toBe(true);
    }),
  );
  expect(parseCursor(`a.1.${2n ** 63n}.1.1`)).toBeNull();
  expect(parseCursor('a.2.1.1.1')).toBeNull();
});

/** Invariant: a cursor is good for as long as it is young, of this epoch, and not ahead. */
test('only a place that can be gone on from is good', () => {
  fc.assert(
    fc.property(cursor, fc.bigInt({ min: -3n, max: 3n }), fc.integer({ min: 0, max: 200 }), (given, ahead, age) => {
      const now = { epoch: given.epoch, position: given.to + ahead, atSeconds: given.atSeconds + age };
      const verdict = ahead < 0n ? 'unknown_position' : age > 100 ? 'too_old' : 'good';
      expect(judgeCursor(given, now, 100)).toBe(verdict);
      expect(judgeCursor(given, { ...now, epoch: `${given.epoch}x` }, 100)).toBe('unknown_position');
      expect(judgeCursor(null, now, 100)).toBe('unknown_position');
    }),
  );
});

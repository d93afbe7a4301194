import fc from 'fast-check';
import { expect, test } from 'vitest';
import { entryHash, type HashedEntry } from './entry-hash.model.ts';

const exact = fc.bigInt({ min: BigInt(Number.MIN_SAFE_INTEGER), max: BigInt(Number.MAX_SAFE_INTEGER) });
const count = fc.bigInt({ min: 1n, max: BigInt(Number.MAX_SAFE_INTEGER) });
const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', '"', '\\', '\n', '","', ',null,', '\u2028'));
const instant = fc.date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true });
const ENTRY = {
  workspaceId: fc.uuid(),
  seq: count,
  id: fc.uuid(),
  type: fc.constantFrom('credit', 'debit', 'auto_recharge', 'reversal', 'expiry', 'debt_repayment'),
  amount: exact,
  balanceAfter: count,
  description: text,
  referenceId: fc.option(text),
  reversesId: fc.option(fc.uuid()),
  holdId: fc.option(fc.uuid()),
  createdBy: fc.option(fc.uuid()),
  createdAt: instant,
  grant: fc.option(fc.record({ priority: fc.nat(100), expiresAt: fc.option(instant) })),
  burns: fc.uniqueArray(fc.record({ grantSeq: count, amount: exact }), {
    maxLength: 4,
    selector: ({ grantSeq }) => grantSeq,
  }),
} as const;
const entry: fc.Arbitrary<HashedEntry> = fc.record(ENTRY);
const previous = fc.option(fc.stringMatching(/^[0-9a-f]{64}$/));
const fieldOf = fc.constantFrom(...(Object.keys(ENTRY) as (keyof HashedEntry)[])); // the keys it was written with
const asText = (value: unknown): string =>
  JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part));

/** Invariant: another value in any one field, or another hash before it, is another hash; the same entry has the same one. */
test('the hash covers every field and the hash before', () => {
  fc.assert(
    fc.property(previous, previous, entry, entry, fieldOf, (before, otherBefore, one, other, field) => {
      const hash = entryHash(before, one);
      expect(hash).toMatch(/^[0-9a-f]{64}$/);
      expect(entryHash(before, { ...one })).toBe(hash);
      const changed = { ...one, [field]: other[field] };
      const inOrder = ({ burns }: HashedEntry) => burns.toSorted((a, b) => (a.grantSeq < b.grantSeq ? -1 : 1));
      const isSame = asText({ ...one, burns: inOrder(one) }) === asText({ ...changed, burns: inOrder(changed) });
      expect(entryHash(before, changed) === hash, String(field)).toBe(isSame);
      expect(entryHash(otherBefore, one) === hash).toBe(otherBefore === before);
    }),
    { numRuns: 2_000 },
  );
});

/** Invariant: the smallest changes count too: a credit more or less, a millisecond, a burn that is left out or goes to another grant. */
test('the smallest change changes the hash', () => {
  fc.assert(
    fc.property(entry, (one) => {
      const hash = entryHash(null, one);
      const variants: HashedEntry[] = [
        { ...one, amount: one.amount - 1n },
        { ...one, balanceAfter: one.balanceAfter - 1n },
        { ...one, seq: one.seq - 1n },
        { ...one, description: `${one.description} ` },
        { ...one, referenceId: one.referenceId === null ? '' : null },
        { ...one, createdAt: new Date(one.createdAt.getTime() + 1) },
        { ...one, grant: one.grant ? null : { priority: 0, expiresAt: null } },
        { ...one, burns: [...one.burns, { grantSeq: 0n, amount: 1n }] },
        ...one.burns.map((_, index) => ({ ...one, burns: one.burns.toSpliced(index, 1) })),
        ...one.burns.map((burn, index) => ({
          ...one,
          burns: one.burns.with(index, { ...burn, amount: burn.amount - 1n }),
        })),
      ];
      if (one.grant) variants.push({ ...one, grant: { ...one.grant, priority: one.grant.priority + 1 } });
      expect(variants.map((variant) => entryHash(null, variant))).not.toContain(hash);
    }),
    { numRuns: 500 },
  );
});

/** Invariant: the order in which the burns of an entry are listed says nothing. */
test('burns are a set', () => {
  fc.assert(
    fc.property(
      entry.chain((one) =>
        fc.record({
          one: fc.constant(one),
          burns: fc.shuffledSubarray([...one.burns], { minLength: one.burns.length }),
        }),
      ),
      ({ one, burns }) => {
        expect(entryHash(null, { ...one, burns })).toBe(entryHash(null, one));
      },
    ),
    { numRuns: 300 },
  );
});

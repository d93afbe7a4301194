import { Role, rankOf } from '@morket/contract/permissions';
import { LastOwner, RoleTooHigh } from '@morket/contract/workspace';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assertOwnerRemains, assertWithinRank } from './membership.model.ts';

const role = fc.constantFrom(...Role.options);
const codeOf = (work: () => void): string | null => {
  try {
    work();
    return null;
  } catch (err) {
    return RoleTooHigh.is(err) || LastOwner.is(err) ? err.code : String(err);
  }
};

/** Invariant: a role is granted, changed or taken only by somebody who stands at or above it, before and after. */
test('nobody acts above their own role', () => {
  fc.assert(
    fc.property(role, fc.array(role, { minLength: 1, maxLength: 2 }), (own, roles) => {
      const tooHigh = roles.some((other) => rankOf(other) > rankOf(own));
      expect(codeOf(() => assertWithinRank(own, ...roles))).toBe(tooHigh ? RoleTooHigh.code : null);
    }),
    { numRuns: 300 },
  );
});

/** Invariant: after any permitted change of one member, at least one owner is left. */
test('an owner remains', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), role, fc.option(role), (owners, current, next) => {
      const left = owners - (current === 'owner' ? 1 : 0) + (next === 'owner' ? 1 : 0);
      expect(codeOf(() => assertOwnerRemains(owners, current, next))).toBe(left < 1 ? LastOwner.code : null);
    }),
    { numRuns: 300 },
  );
});

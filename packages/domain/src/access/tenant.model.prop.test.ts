import { TenantConflict } from '@morket/contract/errors';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseTenant } from './tenant.model.ts';

const ids = ['019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40', '019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a41'];
const id = fc.constantFrom(...ids, ...ids.map((value) => value.toUpperCase()));
const sources = fc.record({
  input: fc.option(id, { nil: undefined }),
  headers: fc.array(id, { maxLength: 2 }),
  subdomain: fc.option(fc.constantFrom('acme', 'other'), { nil: undefined }),
});

/** Invariant: one id is taken from wherever it stands; two different ones are refused, never ranked. */
test('sources that disagree are refused, sources that agree are one', () => {
  fc.assert(
    fc.property(sources, (given) => {
      const named = [...(given.input === undefined ? [] : [given.input]), ...given.headers];
      const distinct = [...new Set(named.map((value) => value.toLowerCase()))];
      if (distinct.length > 1) {
        expect(() => chooseTenant(given)).toThrow(expect.objectContaining({ code: TenantConflict.code }));
      } else {
        expect(chooseTenant(given)).toEqual({ id: distinct[0] ?? null, slug: given.subdomain ?? null });
      }
    }),
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { can, isKeyPermission, PERMISSIONS, type Permission } from './matrix.ts';
import { HIERARCHY, hasRank, Role, rankOf } from './roles.ts';

const role = fc.constantFrom(...Role.options);
const ranked = fc.constantFrom(...HIERARCHY);
const PERMISSION_NAMES = Object.keys(PERMISSIONS) as Permission[]; // Object.keys forgets the names

/** The order of the roles as the product is described, written down a second time. */
const RANKS = { owner: 5, admin: 4, manager: 3, member: 2, viewer: 1, support: 0 } as const;

/**
 * Invariant: a role has access exactly when its rank is at least the rank that is required. Every pair of roles is
 * tried, so a comparison that is off by one, or a role out of its place, fails.
 */
test('property 6: access exactly when rank(role) ≥ rank(required)', () => {
  const pairs = Role.options.flatMap((own) => HIERARCHY.map((required) => [own, required] as const));
  expect(pairs).toHaveLength(30);
  for (const [own, required] of pairs) {
    expect(hasRank(own, required), `${own} where ${required} is required`).toBe(RANKS[own] >= RANKS[required]);
  }
  fc.assert(fc.property(role, ranked, (own, required) => hasRank(own, required) === RANKS[own] >= RANKS[required]));
});

/** Invariant: what a role of the hierarchy may do, every role above it may do as well. */
test('a higher role loses nothing', () => {
  fc.assert(
    fc.property(ranked, ranked, fc.constantFrom(...PERMISSION_NAMES), (a, b, permission) => {
      const [lower, higher] = rankOf(a) <= rankOf(b) ? [a, b] : [b, a];
      return !can(lower, permission) || can(higher, permission);
    }),
  );
});

/** Invariant: the matrix names the lowest role, and nobody below it gets in. */
test('a permission begins at the role the matrix names', () => {
  for (const permission of PERMISSION_NAMES) {
    const allowed = HIERARCHY.filter((candidate) => can(candidate, permission));
    expect(allowed.at(-1)).toBe(PERMISSIONS[permission].from);
    expect(allowed).toEqual(HIERARCHY.slice(0, allowed.length));
  }
});

test('support stands beside the hierarchy: it reads what the matrix gives it by name, and nothing else', () => {
  const allowed = PERMISSION_NAMES.filter((permission) => can('support', permission));
  expect(allowed.sort()).toEqual(['billing:read', 'member:read', 'notification:read', 'workspace:read']);
});

test('no key is given what would outlive it: other keys, people, endpoints and forms that it makes', () => {
  const ways = ['apiKey:manage', 'member:manage', 'invitation:manage', 'webhook:manage', 'form:manage'];
  expect(ways.filter(isKeyPermission)).toEqual([]);
});

import { DomainError } from '@morket/contract/errors';
import { type Role, Role as Roles } from '@morket/contract/permissions';
import { aPerson, aTenant, type Person, scopeIn, type Tenant, useWorld } from '@morket/testing';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';

const world = useWorld();
let owner: Person;
let people: Person[];
beforeAll(async () => {
  owner = await aPerson(world);
  people = await Promise.all(Array.from({ length: 4 }, () => aPerson(world)));
});

const role = fc.constantFrom(...Roles.options);
const personAt = (index: number): Person => {
  const person = people[index];
  if (!person) throw new Error('There are four people.');
  return person;
};
const codeOf = (err: unknown): string => (err instanceof DomainError ? err.code : String(err));

/** The roster as it is stored: user id → role. */
async function rosterOf(tenant: Tenant): Promise<Map<string, Role>> {
  const { items, total } = await world.services.members.list(tenant.scope, { page: 1, limit: 100 });
  expect(items).toHaveLength(total);
  return new Map(items.map(({ userId, role: own }) => [userId, own]));
}

/** Invariant: adding a person makes exactly that membership with exactly that role, once; a second time is refused and changes nothing. */
test('property 10: adding a member makes the membership', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 3 }),
      role,
      role,
      async (who, first, second) => {
        const tenant = await aTenant(world, { owner });
        const expected = new Map<string, Role>([[owner.user.id, 'owner']]);
        for (const index of who) {
          const { email, user } = personAt(index);
          expect(await world.services.members.add(tenant.scope, { email, role: first })).toMatchObject({
            userId: user.id,
            role: first,
            email,
          });
          expected.set(user.id, first);
          expect(await world.services.members.add(tenant.scope, { email, role: second }).catch(codeOf)).toBe(
            'workspace.already_member',
          );
        }
        expect(await rosterOf(tenant)).toEqual(expected);
        for (const [index, person] of people.entries()) {
          const outcome = await scopeIn(world, person, tenant.id).then((scope) => scope.role as string, codeOf);
          expect(outcome).toBe(who.includes(index) ? first : 'access.forbidden');
        }
      },
    ),
    { numRuns: 100 },
  );
});

/** Invariant: removing a member deletes that membership and no other, and shuts the person out at once. */
test('property 11: removing a member deletes the membership', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(role, { minLength: 2, maxLength: 4 }), fc.nat(3), async (roles, which) => {
      const tenant = await aTenant(world, { owner });
      for (const [index, own] of roles.entries())
        await world.services.members.add(tenant.scope, { email: personAt(index).email, role: own });
      const before = await rosterOf(tenant);
      const leaving = personAt(which % roles.length);
      await world.services.members.remove(tenant.scope, { userId: leaving.user.id });
      before.delete(leaving.user.id);
      expect(await rosterOf(tenant)).toEqual(before);
      expect(await scopeIn(world, leaving, tenant.id).catch(codeOf)).toBe('access.forbidden');
      expect(await world.services.members.remove(tenant.scope, { userId: leaving.user.id }).catch(codeOf)).toBe(
        'workspace.member_not_found',
      );
    }),
    { numRuns: 100 },
  );
});

/** Invariant: after any sequence of role changes each member has the last role they were given, and acts with it. */
test('property 12: a changed role persists', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(2), role), { minLength: 1, maxLength: 5 }), async (changes) => {
      const tenant = await aTenant(world, { owner });
      const expected = new Map<string, Role>([[owner.user.id, 'owner']]);
      for (const index of [0, 1, 2]) {
        const { email, user } = personAt(index);
        await world.services.members.add(tenant.scope, { email, role: 'viewer' });
        expected.set(user.id, 'viewer');
      }
      for (const [index, next] of changes) {
        const userId = personAt(index).user.id;
        expect(await world.services.members.updateRole(tenant.scope, { userId, role: next })).toMatchObject({
          userId,
          role: next,
        });
        expected.set(userId, next);
      }
      expect(await rosterOf(tenant)).toEqual(expected);
      for (const index of [0, 1, 2]) {
        expect((await scopeIn(world, personAt(index), tenant.id)).role).toBe(expected.get(personAt(index).user.id));
      }
    }),
    { numRuns: 100 },
  );
});

type Attempt = { readonly actor: number; readonly target: number; readonly next: Role | null };
const attempts: fc.Arbitrary<Attempt[]> = fc.array(
  fc.record({ actor: fc.nat(2), target: fc.nat(2), next: fc.constantFrom(null, 'admin', 'member', 'owner') }),
  { minLength: 2, maxLength: 6 },
);

/**
 * Invariant: whatever owners do to each other and to themselves, one after the other or all at once, an owner remains.
 * Removing `for update` from `lockWorkspace` must make this fail.
 */
test('property 13: the last owner is protected', async () => {
  await fc.assert(
    fc.asyncProperty(attempts, fc.integer({ min: 1, max: 3 }), fc.boolean(), async (list, owners, atOnce) => {
      const tenant = await aTenant(world, { owner: personAt(0) });
      for (const index of [1, 2]) {
        await world.services.members.add(tenant.scope, {
          email: personAt(index).email,
          role: index < owners ? 'owner' : 'admin',
        });
      }
      const scopes = await Promise.all([0, 1, 2].map((index) => scopeIn(world, personAt(index), tenant.id)));
      const attempt = async ({ actor, target, next }: Attempt): Promise<string> => {
        const [scope, userId] = [scopes[actor], personAt(target).user.id];
        if (!scope) throw new Error('Each of the three has a scope.');
        const { members } = world.services;
        const work =
          next === null ? members.remove(scope, { userId }) : members.updateRole(scope, { userId, role: next });
        return work.then(() => 'done', codeOf);
      };
      const outcomes: string[] = [];
      if (atOnce) outcomes.push(...(await Promise.all(list.map(attempt))));
      else for (const one of list) outcomes.push(await attempt(one));
      const left = await world.db.read.membership.count({ where: { workspaceId: tenant.id, role: 'owner' } });
      expect(left).toBeGreaterThanOrEqual(1);
      const allowed = [
        'done',
        'workspace.last_owner',
        'workspace.role_too_high',
        'workspace.member_not_found',
        'access.forbidden',
      ];
      for (const outcome of outcomes) expect(allowed).toContain(outcome);
    }),
    { numRuns: 100 },
  );
});

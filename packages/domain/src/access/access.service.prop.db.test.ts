import { Forbidden } from '@morket/contract/errors';
import { can, PERMISSIONS, type Permission, Role } from '@morket/contract/permissions';
import { aMember, aPerson, aTenant, type Person, scopeIn, type Tenant, useWorld } from '@morket/testing';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';

const world = useWorld();
const NAMES = Object.keys(PERMISSIONS) as Permission[]; // Object.keys forgets the names
const role = fc.constantFrom(...Role.options);
const permission = fc.constantFrom(...NAMES);

let tenants: Tenant[];
let person: Person;
beforeAll(async () => {
  const owner = await aPerson(world);
  person = await aPerson(world);
  tenants = await Promise.all(Array.from({ length: 3 }, () => aTenant(world, { owner })));
  for (const tenant of tenants) await aMember(world, tenant, 'viewer', person);
});

/** The outcome of asking for a scope: the role it carries, or the code of the refusal. */
const outcomeOf = (workspaceId: string, wanted: Permission): Promise<string> =>
  scopeIn(world, person, workspaceId, wanted).then(
    (scope) => scope.role,
    (err: unknown) => (Forbidden.is(err) ? err.code : String(err)),
  );

async function setRole(tenant: Tenant, next: Role): Promise<void> {
  await world.services.members.updateRole(tenant.scope, { userId: person.user.id, role: next });
}

/** Invariant: the authorize step lets in exactly the roles that the matrix lets in: every role against every permission. */
test('property 6: the database’s role decides, over all pairs of role and permission', async () => {
  const [tenant] = tenants;
  if (!tenant) throw new Error('There is a tenant.');
  for (const own of Role.options) {
    await setRole(tenant, own);
    for (const wanted of NAMES) {
      expect(await outcomeOf(tenant.id, wanted), `${own} ${wanted}`).toBe(can(own, wanted) ? own : Forbidden.code);
    }
  }
});

/**
 * Invariant: a person with different roles in several workspaces acts in each with the role they have there, whatever they
 * have elsewhere, and with none where they are no member.
 */
test('property 7: the role of the right workspace is used', async () => {
  await fc.assert(
    fc.asyncProperty(fc.tuple(role, role, role), fc.nat(2), permission, async (roles, which, wanted) => {
      for (const [index, tenant] of tenants.entries()) await setRole(tenant, roles[index] ?? 'viewer');
      const [own, id] = [roles[which] ?? 'viewer', tenants[which]?.id ?? ''];
      expect(await outcomeOf(id, wanted)).toBe(can(own, wanted) ? own : Forbidden.code);
    }),
    { numRuns: 100 },
  );
});

test('a workspace of others and one that does not exist look the same', async () => {
  const stranger = await aTenant(world);
  const refusals = await Promise.all(
    [stranger.id, crypto.randomUUID()].map((id) => scopeIn(world, person, id).catch((err: unknown) => err)),
  );
  expect(refusals[0]).toMatchObject({ code: Forbidden.code, details: {} });
  expect(refusals[1]).toEqual(refusals[0]);
});

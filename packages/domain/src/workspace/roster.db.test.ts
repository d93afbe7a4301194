import { DomainError } from '@morket/contract/errors';
import { type Role, Role as Roles, rankOf } from '@morket/contract/permissions';
import { aMember, aPerson, aTenant, type Person, scopeIn, useWorld } from '@morket/testing';
import { describe, expect, test } from 'vitest';

const world = useWorld();
const codeOf = (err: unknown): string => (err instanceof DomainError ? err.code : String(err));
const outcomeOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'done', codeOf);

/** A workspace with an owner and one member of each of `roles`. */
async function aTeam(...roles: Role[]) {
  const tenant = await aTenant(world);
  const members: Person[] = [];
  for (const role of roles) members.push(await aMember(world, tenant, role));
  return { tenant, members };
}

test('two owners who demote each other at the same time leave one: forty rounds', async () => {
  const [ada, bob] = [await aPerson(world), await aPerson(world)];
  for (let round = 0; round < 40; round += 1) {
    const tenant = await aTenant(world, { owner: ada });
    await aMember(world, tenant, 'owner', bob);
    const [adas, bobs] = [await scopeIn(world, ada, tenant.id), await scopeIn(world, bob, tenant.id)];
    const { members } = world.services;
    const demote = (scope: typeof adas, person: Person) =>
      outcomeOf(
        round % 2 === 0
          ? members.updateRole(scope, { userId: person.user.id, role: 'member' })
          : members.remove(scope, { userId: person.user.id }),
      );
    const outcomes = await Promise.all([demote(adas, bob), demote(bobs, ada)]);
    expect(await world.db.read.membership.count({ where: { workspaceId: tenant.id, role: 'owner' } })).toBe(1);
    // Behind the lock the second one is what the first one made of them.
    expect(outcomes.sort()).toEqual(['access.forbidden', 'done']);
  }
});

test('two owners who step down at the same time leave one', async () => {
  for (let round = 0; round < 20; round += 1) {
    const {
      tenant,
      members: [bob],
    } = await aTeam('owner');
    if (!bob) throw new Error('There is a second owner.');
    const bobs = await scopeIn(world, bob, tenant.id);
    const outcomes = await Promise.all([
      outcomeOf(world.services.members.remove(tenant.scope, { userId: tenant.owner.user.id })),
      outcomeOf(world.services.members.remove(bobs, { userId: bob.user.id })),
    ]);
    expect(outcomes.sort()).toEqual(['done', 'workspace.last_owner']);
  }
});

describe('nobody reaches above their own role', () => {
  test('granting: an admin gives every role but owner', async () => {
    const {
      tenant,
      members: [admin],
    } = await aTeam('admin');
    if (!admin) throw new Error('There is an admin.');
    const scope = await scopeIn(world, admin, tenant.id, 'member:manage');
    for (const role of Roles.options) {
      const person = await aPerson(world);
      const expected = rankOf(role) <= rankOf('admin') ? 'done' : 'workspace.role_too_high';
      expect(await outcomeOf(world.services.members.add(scope, { email: person.email, role })), role).toBe(expected);
      expect(
        await outcomeOf(world.services.invitations.create(scope, { email: `${role}@example.org`, role })),
        role,
      ).toBe(expected);
    }
  });

  test('changing: an admin cannot touch an owner, promote anybody to one, or rise themselves', async () => {
    const {
      tenant,
      members: [admin, second, member],
    } = await aTeam('admin', 'owner', 'member');
    if (!admin || !second || !member) throw new Error('There are three.');
    const scope = await scopeIn(world, admin, tenant.id, 'member:manage');
    const { members } = world.services;
    const userId = second.user.id;
    expect(await outcomeOf(members.updateRole(scope, { userId, role: 'viewer' }))).toBe('workspace.role_too_high');
    expect(await outcomeOf(members.updateRole(scope, { userId, role: 'owner' }))).toBe('workspace.role_too_high');
    expect(await outcomeOf(members.remove(scope, { userId }))).toBe('workspace.role_too_high');
    expect(await outcomeOf(members.updateRole(scope, { userId: member.user.id, role: 'owner' }))).toBe(
      'workspace.role_too_high',
    );
    expect(await outcomeOf(members.updateRole(scope, { userId: admin.user.id, role: 'owner' }))).toBe(
      'workspace.role_too_high',
    );
    expect(await outcomeOf(members.updateRole(scope, { userId: member.user.id, role: 'admin' }))).toBe('done');
  });

  test('a change of roles counts from the next request, and for calls under way behind the lock', async () => {
    const {
      tenant,
      members: [admin, member],
    } = await aTeam('admin', 'member');
    if (!admin || !member) throw new Error('There are two.');
    const minted = await scopeIn(world, admin, tenant.id, 'member:manage');
    await world.services.members.updateRole(tenant.scope, { userId: admin.user.id, role: 'viewer' });
    expect(await outcomeOf(scopeIn(world, admin, tenant.id, 'member:manage'))).toBe('access.forbidden');
    // The scope of a call that was authorized a moment before.
    const { members, invitations } = world.services;
    expect(await outcomeOf(members.remove(minted, { userId: member.user.id }))).toBe('access.forbidden');
    expect(await outcomeOf(members.add(minted, { email: (await aPerson(world)).email, role: 'viewer' }))).toBe(
      'access.forbidden',
    );
    expect(await outcomeOf(invitations.create(minted, { email: 'x@example.org', role: 'viewer' }))).toBe(
      'access.forbidden',
    );
  });
});

test('a member of another workspace cannot be changed or removed, and looks like nobody', async () => {
  const [
    { tenant },
    {
      members: [foreign],
    },
  ] = [await aTeam(), await aTeam('viewer')];
  const { members } = world.services;
  for (const userId of [foreign?.user.id ?? '', crypto.randomUUID()]) {
    expect(await outcomeOf(members.remove(tenant.scope, { userId }))).toBe('workspace.member_not_found');
    expect(await outcomeOf(members.updateRole(tenant.scope, { userId, role: 'viewer' }))).toBe(
      'workspace.member_not_found',
    );
  }
});

test('one person added many times at once is a member once', async () => {
  const { tenant } = await aTeam();
  const { email } = await aPerson(world);
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, () => outcomeOf(world.services.members.add(tenant.scope, { email, role: 'member' }))),
  );
  expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
  expect(new Set(outcomes)).toEqual(new Set(['done', 'workspace.already_member']));
});

test('an address nobody has an account for is not found', async () => {
  const { tenant } = await aTeam();
  expect(
    await outcomeOf(world.services.members.add(tenant.scope, { email: 'nobody@example.org', role: 'viewer' })),
  ).toBe('workspace.user_not_found');
});

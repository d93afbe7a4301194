import { createHash } from 'node:crypto';
import { DomainError } from '@morket/contract/errors';
import type { Role } from '@morket/contract/permissions';
import { aMember, aPerson, aTenant, type Person, scopeIn, type Tenant, unique, useWorld } from '@morket/testing';
import { beforeEach, describe, expect, test } from 'vitest';

const world = useWorld();
let tenant: Tenant;
beforeEach(async () => {
  tenant = await aTenant(world);
});

const codeOf = (err: unknown): string => (err instanceof DomainError ? err.code : String(err));
const accept = (person: Person, token: string): Promise<string> =>
  world.services.invitations.accept(person.scope, { token }).then((workspace) => `joined as ${workspace.role}`, codeOf);

/** Invites a new person and reads the token in their mail. */
async function anInvited(role: Role = 'member', from: Tenant['scope'] = tenant.scope) {
  const person = await aPerson(world);
  const invitation = await world.services.invitations.create(from, { email: person.email, role });
  return { person, invitation, token: await tokenFor(person.email) };
}
async function tokenFor(address: string): Promise<string> {
  const [last = ''] = (await world.mailTo(address)).slice(-1);
  return /^[\w-]{43}$/m.exec(last)?.[0] ?? '';
}
const statuses = async () =>
  (await world.services.invitations.list(tenant.scope, { page: 1, limit: 100 })).items.map(({ status }) => status);
const expire = (id: string) =>
  world.db.read
    .$executeRaw`update invitations set expires_at = clock_timestamp() - interval '1 second' where id = ${id}::uuid`;

describe('the token', () => {
  test('travels by mail alone and is stored as a hash', async () => {
    const { invitation, token, person } = await anInvited();
    expect(token).toHaveLength(43);
    expect(JSON.stringify(invitation)).not.toContain(token);
    expect(JSON.stringify(await world.services.invitations.list(tenant.scope, { page: 1, limit: 10 }))).not.toContain(
      token,
    );
    const row = await world.db.read.invitation.findUniqueOrThrow({ where: { id: invitation.id } });
    expect(Buffer.from(row.tokenHash)).toEqual(createHash('sha256').update(token).digest());
    expect(await world.mailTo(person.email)).toHaveLength(1);
  });

  test('lets its person in, with the role of the invitation, and proves the address', async () => {
    const { person, token } = await anInvited('manager');
    expect(await accept(person, token)).toBe('joined as manager');
    expect((await scopeIn(world, person, tenant.id)).role).toBe('manager');
    const user = await world.db.read.user.findUniqueOrThrow({ where: { id: person.user.id } });
    expect(user.emailVerifiedAt).not.toBeNull();
    expect(await statuses()).toEqual(['accepted']);
  });

  test('is good once', async () => {
    const { person, token } = await anInvited();
    await accept(person, token);
    expect(await accept(person, token)).toBe('workspace.invitation_refused');
    await world.services.members.remove(tenant.scope, { userId: person.user.id });
    expect(await accept(person, token)).toBe('workspace.invitation_refused');
  });

  test('is good once also when it is used many times at once', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { person, token } = await anInvited();
      const outcomes = await Promise.all(Array.from({ length: 6 }, () => accept(person, token)));
      expect(outcomes.filter((outcome) => outcome === 'joined as member')).toHaveLength(1);
      expect(new Set(outcomes)).toEqual(new Set(['joined as member', 'workspace.invitation_refused']));
    }
  });

  test('is its person’s alone: another one is refused and does not use it up', async () => {
    const { person, token } = await anInvited();
    expect(await accept(await aPerson(world), token)).toBe('workspace.invitation_refused');
    expect(await accept(person, token)).toBe('joined as member');
  });

  test('is found for an address written differently', async () => {
    const address = `ada-${unique()}@example.com`;
    await world.services.invitations.create(tenant.scope, { email: address, role: 'viewer' });
    const person = await aPerson(world, { email: address });
    expect(await accept(person, await tokenFor(address))).toBe('joined as viewer');
  });

  test('made up opens nothing', async () => {
    expect(await accept(await aPerson(world), 'A'.repeat(43))).toBe('workspace.invitation_refused');
  });
});

describe('an invitation ends', () => {
  test('after seven days', async () => {
    const { person, token, invitation } = await anInvited();
    expect(invitation.expiresAt.getTime() - invitation.createdAt.getTime()).toBeGreaterThan(7 * 24 * 3_600_000 - 5_000);
    await expire(invitation.id);
    expect(await accept(person, token)).toBe('workspace.invitation_refused');
    expect(await statuses()).toEqual(['expired']);
  });

  test('when it is revoked', async () => {
    const { person, token, invitation } = await anInvited();
    await world.services.invitations.revoke(tenant.scope, { invitationId: invitation.id });
    expect(await accept(person, token)).toBe('workspace.invitation_refused');
    expect(await statuses()).toEqual(['revoked']);
    const again = world.services.invitations.revoke(tenant.scope, { invitationId: invitation.id });
    await expect(again).rejects.toMatchObject({ code: 'workspace.invitation_not_found' });
  });

  test('when who sent it may invite no more, and lives again when they may', async () => {
    const admin = await aMember(world, tenant, 'admin');
    const { person, token } = await anInvited('member', await scopeIn(world, admin, tenant.id, 'invitation:manage'));
    const change = (role: Role) => world.services.members.updateRole(tenant.scope, { userId: admin.user.id, role });
    await change('member');
    expect(await accept(person, token)).toBe('workspace.invitation_refused');
    await change('admin');
    expect(await accept(person, token)).toBe('joined as member');
  });

  test('when who sent it has left', async () => {
    const admin = await aMember(world, tenant, 'admin');
    const { person, token } = await anInvited('member', await scopeIn(world, admin, tenant.id, 'invitation:manage'));
    await world.services.members.remove(tenant.scope, { userId: admin.user.id });
    expect(await accept(person, token)).toBe('workspace.invitation_refused');
  });

  test('when who sent it could not grant its role any more: the invited learns nothing of that', async () => {
    const owner = await aMember(world, tenant, 'owner');
    const { person, token } = await anInvited('owner', await scopeIn(world, owner, tenant.id, 'invitation:manage'));
    await world.services.members.updateRole(tenant.scope, { userId: owner.user.id, role: 'admin' });
    expect(await accept(person, token)).toBe('workspace.invitation_refused');
  });

  test('with its workspace', async () => {
    const { person, token } = await anInvited();
    await world.services.workspaces.delete(tenant.scope);
    expect(await accept(person, token)).toBe('workspace.invitation_refused');
  });
});

describe('inviting again', () => {
  test('is refused while an invitation is open, also when two do it at once', async () => {
    const email = `twice-${unique()}@example.com`;
    const invite = () =>
      world.services.invitations.create(tenant.scope, { email, role: 'member' }).then(() => 'sent', codeOf);
    const outcomes = await Promise.all(Array.from({ length: 6 }, invite));
    expect(outcomes.sort()).toEqual(['sent', ...Array(5).fill('workspace.already_invited')].sort());
    expect(await world.mailTo(email)).toHaveLength(1);
  });

  test.each(['expired', 'revoked'] as const)(
    'works after the first one is %s, and only the new token is good',
    async (how) => {
      const { person, token, invitation } = await anInvited();
      if (how === 'expired') await expire(invitation.id);
      else await world.services.invitations.revoke(tenant.scope, { invitationId: invitation.id });
      await world.services.invitations.create(tenant.scope, { email: person.email, role: 'viewer' });
      expect(await statuses()).toEqual(['open', how]);
      expect(await accept(person, token)).toBe('workspace.invitation_refused');
      expect(await accept(person, await tokenFor(person.email))).toBe('joined as viewer');
    },
  );

  test('a member is refused', async () => {
    const member = await aMember(world, tenant, 'viewer');
    const again = world.services.invitations.create(tenant.scope, { email: member.email, role: 'member' });
    await expect(again).rejects.toMatchObject({ code: 'workspace.already_member' });
  });

  test('who became a member meanwhile keeps their role, and the invitation stays unused', async () => {
    const { person, token } = await anInvited('admin');
    await aMember(world, tenant, 'viewer', person);
    expect(await accept(person, token)).toBe('workspace.already_member');
    expect((await scopeIn(world, person, tenant.id)).role).toBe('viewer');
    expect(await statuses()).toEqual(['open']);
  });
});

test('another workspace’s invitation cannot be revoked and looks like none', async () => {
  const { invitation } = await anInvited();
  const other = await aTenant(world);
  for (const invitationId of [invitation.id, crypto.randomUUID()]) {
    const attempt = world.services.invitations.revoke(other.scope, { invitationId });
    await expect(attempt).rejects.toMatchObject({ code: 'workspace.invitation_not_found' });
  }
  expect(await statuses()).toEqual(['open']);
});

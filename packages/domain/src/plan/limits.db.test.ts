import { LimitReached, PLANS } from '@morket/contract/plan';
import { aMember, aPerson, aTenant, type Tenant, unique, useWorld } from '@morket/testing';
import { describe, expect, test } from 'vitest';
import { newId } from '../ids/index.ts';
import { assertWithinLimitIn } from './index.ts';

const world = useWorld();
const ALLOWED = PLANS.free.limits.members ?? 0;

/** A workspace with so many seats taken: its owner's, and those of people who did not come through the front door. */
async function aTenantWithSeats(taken: number): Promise<Tenant> {
  const tenant = await aTenant(world);
  const people = Array.from({ length: taken - 1 }, () => newId());
  await world.db.read.user.createMany({
    data: people.map((id) => ({ id, email: `${id}@example.com`, name: 'Seat', passwordHash: 'none' })),
  });
  await world.db.read.membership.createMany({
    data: people.map((userId) => ({ workspaceId: tenant.id, userId, role: 'viewer' as const })),
  });
  return tenant;
}

const seatsOf = async ({ scope }: Tenant) =>
  (await world.services.plans.get(scope)).usage.find(({ limit }) => limit === 'members')?.used;
const invite = ({ scope }: Tenant) =>
  world.services.invitations.create(scope, { email: `i-${unique()}@example.com`, role: 'viewer' });
const outcome = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'granted',
    (err: unknown) => (LimitReached.is(err) ? 'refused' : String(err)),
  );

test('twenty who want the last seat at once: one gets it', async () => {
  const tenant = await aTenantWithSeats(ALLOWED - 1);
  const people = await Promise.all(Array.from({ length: 10 }, () => aPerson(world)));
  const outcomes = await Promise.all([
    ...people.map(({ email }) => outcome(world.services.members.add(tenant.scope, { email, role: 'viewer' }))),
    ...people.map(() => outcome(invite(tenant))),
  ]);
  expect(outcomes.filter((one) => one === 'granted')).toHaveLength(1);
  expect(outcomes.filter((one) => one === 'refused')).toHaveLength(19);
  expect(await seatsOf(tenant)).toBe(ALLOWED);
});

test('the refusal says what would help', async () => {
  const tenant = await aTenantWithSeats(ALLOWED);
  const err = await invite(tenant).catch((caught: unknown) => caught);
  const details = { plan: 'free', limit: 'members', used: ALLOWED, allowed: ALLOWED, upgradeTo: 'pro' };
  expect(err).toMatchObject({ code: 'plan.limit_reached', kind: 'paymentRequired', details });
});

test('an open invitation takes a seat until it is revoked, expired, or accepted by somebody', async () => {
  const tenant = await aTenantWithSeats(ALLOWED - 1);
  const guest = await aPerson(world);
  const { id } = await invite(tenant);
  expect(await outcome(invite(tenant))).toBe('refused');
  await world.services.invitations.revoke(tenant.scope, { invitationId: id });
  const expiring = await invite(tenant);
  await world.db.read.invitation.update({ where: { id: expiring.id }, data: { expiresAt: new Date(0) } });
  await world.services.invitations.create(tenant.scope, { email: guest.email, role: 'viewer' });
  expect(await outcome(invite(tenant))).toBe('refused');
  const token = /^[\w-]{43}$/m.exec((await world.mailTo(guest.email)).join('\n'))?.[0] ?? '';
  await world.services.invitations.accept(guest.scope, { token });
  expect(await seatsOf(tenant)).toBe(ALLOWED);
  expect(await outcome(invite(tenant))).toBe('refused');
});

describe('another plan', () => {
  test('a larger one makes room at once', async () => {
    const tenant = await aTenantWithSeats(ALLOWED);
    expect(await outcome(invite(tenant))).toBe('refused');
    await world.services.plans.set(tenant.scope, { planType: 'pro' });
    expect(await outcome(invite(tenant))).toBe('granted');
  });

  test('a smaller one takes nothing away, and lets nothing grow', async () => {
    const tenant = await aTenant(world);
    await world.services.plans.set(tenant.scope, { planType: 'pro' });
    const member = await aMember(world, tenant, 'member');
    const seats = await aTenantWithSeats(2);
    expect(await seatsOf(seats)).toBe(2);
    const people = Array.from({ length: ALLOWED }, () => newId());
    await world.db.read.user.createMany({
      data: people.map((id) => ({ id, email: `${id}@example.com`, name: 'Seat', passwordHash: 'none' })),
    });
    await world.db.read.membership.createMany({
      data: people.map((userId) => ({ workspaceId: tenant.id, userId, role: 'viewer' as const })),
    });
    const { usage } = await world.services.plans.set(tenant.scope, { planType: 'free' });
    expect(usage.find(({ limit }) => limit === 'members')).toEqual({
      limit: 'members',
      used: ALLOWED + 2,
      allowed: ALLOWED,
    });
    expect(await outcome(invite(tenant))).toBe('refused');
    await world.services.members.updateRole(tenant.scope, { userId: member.user.id, role: 'manager' });
    await world.services.members.remove(tenant.scope, { userId: member.user.id });
    expect(await outcome(invite(tenant)), 'still above it').toBe('refused');
  });

  test('one who asks while the plan becomes smaller is decided by the one that is in force then', async () => {
    const tenant = await aTenantWithSeats(ALLOWED);
    await world.services.plans.set(tenant.scope, { planType: 'pro' });
    await world.services.plans.set(tenant.scope, { planType: 'free' });
    // The scope was made under the larger plan.
    expect(
      await outcome(
        world.services.invitations.create(
          { ...tenant.scope, planType: 'pro' },
          { email: `i-${unique()}@example.com`, role: 'viewer' },
        ),
      ),
    ).toBe('refused');
  });
});

test('no limit is no limit', async () => {
  const tenant = await aTenantWithSeats(ALLOWED + 1);
  await world.services.plans.set(tenant.scope, { planType: 'enterprise' });
  expect(await outcome(invite(tenant))).toBe('granted');
});

test('a workspace that has been deleted does not grow', async () => {
  const tenant = await aTenant(world);
  await world.services.workspaces.delete(tenant.scope);
  const grow = world.db.transaction((tx) => assertWithinLimitIn(tx, tenant.scope, 'forms'));
  await expect(grow).rejects.toMatchObject({ code: 'access.forbidden' });
});

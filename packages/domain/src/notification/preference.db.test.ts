import { aMember, anOrigin, aTenant, scopeIn, type Tenant, useWorld } from '@morket/testing';
import { expect, test, vi } from 'vitest';

const world = useWorld();

/** The person's own scope for reading what they have. */
const own = (tenant: Tenant, person: Parameters<typeof scopeIn>[1]) =>
  scopeIn(world, person, tenant.id, 'notification:read');

test('preferences are those of the type until somebody chooses, and what is left out stays', async () => {
  const tenant = await aTenant(world);
  const scope = await own(tenant, tenant.owner);
  const { preferences, setPreferences } = world.services.notifications;
  const before = await preferences(scope);
  expect(before).toMatchObject({ mailFrequency: 'instant', digestHour: 8, timeZone: 'UTC' });
  expect(before.types.jobs).toEqual({ inApp: true, email: false });
  await setPreferences(scope, { types: { jobs: { inApp: false, email: true } } });
  const after = await setPreferences({ ...scope, origin: anOrigin() }, { timeZone: 'Europe/Zurich', digestHour: 7 });
  expect(after).toEqual({
    ...before,
    ...{ timeZone: 'Europe/Zurich', digestHour: 7 },
    types: { ...before.types, jobs: { inApp: false, email: true } },
  });
  expect(await preferences(scope)).toEqual(after);
});

test('preferences that several windows set at once are all kept', async () => {
  const tenant = await aTenant(world);
  const scope = await own(tenant, tenant.owner);
  const off = { inApp: false, email: false };
  const changes = [
    { mailFrequency: 'daily' },
    { digestHour: 7 },
    { timeZone: 'Asia/Kolkata' },
    { types: { jobs: off } },
    { types: { forms: off } },
  ] as const;
  const set = (change: (typeof changes)[number]) =>
    world.services.notifications.setPreferences({ ...scope, origin: anOrigin() }, change);
  await Promise.all(changes.map(set));
  expect(await world.services.notifications.preferences(scope)).toMatchObject({
    ...{ mailFrequency: 'daily', digestHour: 7, timeZone: 'Asia/Kolkata', types: { jobs: off, forms: off } },
  });
});

test('preferences keep what somebody chose and nothing that is a default', async () => {
  const tenant = await aTenant(world);
  const scope = await own(tenant, tenant.owner);
  const where = { workspaceId: tenant.id };
  await world.services.notifications.setPreferences(scope, { types: { jobs: { inApp: true, email: true } } });
  expect(await world.db.read.notificationSettings.count({ where })).toBe(0);
  expect(await world.db.read.notificationPreference.findMany({ where, select: { type: true } })).toEqual([
    { type: 'jobs' },
  ]);
  await world.services.notifications.setPreferences({ ...scope, origin: anOrigin() }, { digestHour: 7 });
  expect(await world.db.read.notificationSettings.findFirst({ where })).toMatchObject({
    ...{ mailFrequency: null, digestHour: 7, timeZone: null },
  });
});

test('preferences of somebody who has just left are refused', async () => {
  const tenant = await aTenant(world);
  const person = await aMember(world, tenant, 'viewer');
  const scope = await own(tenant, person);
  await world.services.members.remove(tenant.scope, { userId: person.user.id });
  const late = world.services.notifications.setPreferences(scope, { mailFrequency: 'daily' });
  await expect(late).rejects.toMatchObject({ code: 'access.forbidden' });
});

test('preferences of somebody who is just leaving wait for that, and are refused', async () => {
  const tenant = await aTenant(world);
  const person = await aMember(world, tenant, 'viewer');
  const scope = await own(tenant, person);
  const late = await world.db.transaction(async (tx) => {
    await tx.membership.deleteMany({ where: { workspaceId: tenant.id, userId: person.user.id } });
    const change = world.services.notifications.setPreferences(scope, { mailFrequency: 'daily' });
    const outcome = change.catch((err: unknown) => err);
    await vi.waitFor(async () => {
      const waiting = await world.db.read.$queryRaw<unknown[]>`
        select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
      expect(waiting).toHaveLength(1);
    });
    return { outcome };
  });
  expect(await late.outcome).toMatchObject({ code: 'access.forbidden' });
});

test('a zone that the database does not know is refused', async () => {
  const tenant = await aTenant(world);
  const scope = await own(tenant, tenant.owner);
  await expect(world.services.notifications.setPreferences(scope, { timeZone: 'Mars/Olympus' })).rejects.toMatchObject({
    code: 'request.invalid_input',
  });
});

import { JobFailed } from '@morket/contract/job';
import { systemActing, type WorkspaceScope } from '@morket/domain/access';
import { record } from '@morket/domain/record';
import { aMember, anOrigin, aTenant, scopeIn, type Tenant, useWorld } from '@morket/testing';
import { describe, expect, test } from 'vitest';
import { listRecipients } from './notification.repo.ts';

const world = useWorld();

/** The person's own scope for reading what they have. */
const own = (tenant: Tenant, person: Parameters<typeof scopeIn>[1]) =>
  scopeIn(world, person, tenant.id, 'notification:read');

const list = async (scope: WorkspaceScope, unreadOnly = false) =>
  world.services.notifications.list(scope, { page: 1, limit: 50, unreadOnly });

const titles = async (scope: WorkspaceScope) => (await list(scope)).items.map(({ title }) => title);

/** Spends everything, which is news to owners. */
async function deplete(tenant: Tenant, by: WorkspaceScope = tenant.scope) {
  const { creditBalance: amount } = await world.services.billing.get(tenant.scope);
  await world.services.billing.debit(by, { amount, description: 'all of it' });
  await world.deliverEvents();
}

describe('who is told', () => {
  test('those whose role is concerned, but for the one who did it', async () => {
    const tenant = await aTenant(world, { credits: 5 });
    const [owner, second, admin] = [
      tenant.owner,
      await aMember(world, tenant, 'owner'),
      await aMember(world, tenant, 'admin'),
    ];
    await world.services.apiKeys.create(tenant.scope, { name: 'Sync', scopes: ['workspace:read'] });
    await deplete(tenant);
    const told = async (person: typeof owner) => (await titles(await own(tenant, person))).slice(0, 2);
    expect(await told(owner)).toEqual(['There are no credits left']);
    expect(await told(second)).toEqual(['There are no credits left', 'An API key was made']);
    expect(await told(admin)).toEqual(['An API key was made', 'You are a member now']);
  });

  test('a person of what was done to them, and nobody else', async () => {
    const tenant = await aTenant(world);
    const bystander = await aMember(world, tenant, 'admin');
    const person = await aMember(world, tenant, 'viewer');
    await world.services.members.updateRole(tenant.scope, { userId: person.user.id, role: 'manager' });
    await world.deliverEvents();
    expect(await titles(await own(tenant, person))).toEqual(['You are manager now', 'You are a member now']);
    expect(await titles(await own(tenant, bystander))).toEqual(['You are a member now']);
  });

  test('once, however often the event is delivered', async () => {
    const tenant = await aTenant(world);
    const person = await aMember(world, tenant, 'viewer');
    await world.deliverEvents();
    await world.db.read.$executeRaw`delete from processed_events where consumer = 'notifier'`;
    await world.db.read.$executeRaw`update outbox set published_at = null where workspace_id = ${tenant.id}::uuid`;
    await world.deliverEvents();
    expect(await titles(await own(tenant, person))).toEqual(['You are a member now']);
  });

  test('of forms once a day and form', async () => {
    const tenant = await aTenant(world);
    const { key } = await world.services.forms.create(tenant.scope, {
      ...{ name: 'Demo', allowedOrigins: [], honeypot: null, fields: [] },
    });
    for (const mail of ['a', 'b']) {
      const body = Buffer.from(`mail=${mail}`);
      const contentType = 'application/x-www-form-urlencoded';
      const post = { formKey: key ?? '', idempotencyKey: null, body, contentType, origin: null };
      await world.formReceiver.receive(post, anOrigin());
    }
    await world.deliverEvents();
    expect(await titles(await own(tenant, tenant.owner))).toEqual(['A form was sent in']);
  });

  test('of failed jobs once a day and kind', async () => {
    const tenant = await aTenant(world);
    await world.db.transaction(async (tx) => {
      const error = { code: 'server.internal', message: 'Something failed.' };
      for (const kind of ['contact.import', 'contact.import', 'invitation.mail']) {
        const failed = JobFailed(crypto.randomUUID(), { kind, attempts: 4, error });
        await record(tx, systemActing(tenant.id, 'jobs'), failed);
      }
    });
    await world.deliverEvents();
    expect((await titles(await own(tenant, tenant.owner))).sort()).toEqual([
      'A job failed: contact.import',
      'A job failed: invitation.mail',
    ]);
  });

  test('whom it is about alone, without a look at everybody else', async () => {
    const tenant = await aTenant(world);
    const person = await aMember(world, tenant, 'viewer');
    const recipients = (userId: string | null) =>
      world.db.transaction((tx) => listRecipients(tx, tenant.id, userId)).then((all) => all.map((one) => one.userId));
    expect((await recipients(null)).sort()).toEqual([tenant.owner.user.id, person.user.id].sort());
    expect(await recipients(person.user.id)).toEqual([person.user.id]);
  });

  test('nothing by a channel they switched off', async () => {
    const tenant = await aTenant(world);
    const person = await aMember(world, tenant, 'viewer');
    await world.deliverEvents();
    const scope = await own(tenant, person);
    const set = (inApp: boolean, email: boolean) =>
      world.services.notifications.setPreferences(scope, { types: { membership: { inApp, email } } });
    const promote = async (role: 'member' | 'manager' | 'viewer') => {
      await world.services.members.updateRole(tenant.scope, { userId: person.user.id, role });
      await world.deliverEvents();
    };
    const rows = () =>
      world.db.read.notification.findMany({
        where: { userId: person.user.id, event: 'workspace.member_role_changed' },
        orderBy: { createdAt: 'asc' },
        select: { isInApp: true, mail: true },
      });
    await set(false, false);
    await promote('member');
    expect(await rows()).toEqual([]);
    await set(false, true);
    await promote('manager');
    await set(true, false);
    await promote('viewer');
    expect(await rows()).toEqual([
      { isInApp: false, mail: 'waiting' },
      { isInApp: true, mail: 'none' },
    ]);
    expect(await titles(scope)).toEqual(['You are viewer now', 'You are a member now']);
  });
});

describe('the list', () => {
  test('counts what is unread, and marks some or all of one’s own', async () => {
    const tenant = await aTenant(world, { credits: 5 });
    const other = await aMember(world, tenant, 'owner');
    const scope = await own(tenant, other);
    await deplete(tenant);
    const { items, total } = await list(scope);
    const { markRead, markAllRead, unread: countUnread } = world.services.notifications;
    expect([total, await countUnread(scope)]).toEqual([2, { unread: 2 }]);
    expect(await markRead(scope, { notificationIds: [items[0]?.id ?? ''] })).toEqual({ unread: 1 });
    expect((await list(scope, true)).items.map(({ id }) => id)).toEqual([items[1]?.id]);
    // What is read stays read at the time it was.
    const readAt = (await list(scope)).items[0]?.readAt;
    expect(await markAllRead({ ...scope, origin: anOrigin() })).toEqual({ unread: 0 });
    expect((await list(scope)).items[0]?.readAt).toEqual(readAt);
    expect(await countUnread(scope)).toEqual({ unread: 0 });
  });

  test('is nobody else’s: another’s ids mark nothing', async () => {
    const tenant = await aTenant(world);
    const [one, two] = [await aMember(world, tenant, 'viewer'), await aMember(world, tenant, 'viewer')];
    await world.deliverEvents();
    const theirs = (await list(await own(tenant, one))).items;
    expect(theirs).toHaveLength(1);
    const scope = await own(tenant, two);
    await world.services.notifications.markRead(scope, { notificationIds: theirs.map(({ id }) => id) });
    expect((await list(await own(tenant, one), true)).total).toBe(1);
    expect((await list(scope)).items.map(({ id }) => id)).not.toContain(theirs[0]?.id);
  });

  test('shows nothing that came with a role its reader has lost', async () => {
    const tenant = await aTenant(world, { credits: 5 });
    const other = await aMember(world, tenant, 'owner');
    await deplete(tenant);
    await world.services.members.updateRole(tenant.scope, { userId: other.user.id, role: 'viewer' });
    expect(await titles(await own(tenant, other))).toEqual(['You are a member now']);
  });

  test('goes with the membership', async () => {
    const tenant = await aTenant(world);
    const person = await aMember(world, tenant, 'viewer');
    await world.deliverEvents();
    await world.services.notifications.setPreferences(await own(tenant, person), { mailFrequency: 'daily' });
    await world.services.members.remove(tenant.scope, { userId: person.user.id });
    const where = { workspaceId: tenant.id, userId: person.user.id };
    expect(await world.db.read.notification.count({ where })).toBe(0);
    expect(await world.db.read.notificationSettings.count({ where })).toBe(0);
  });
});

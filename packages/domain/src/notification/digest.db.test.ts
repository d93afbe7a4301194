import type { MailFrequency } from '@morket/contract/notification';
import { type Mail, type MailPort, MailRefused } from '@morket/domain/mail';
import { createDigestMailer } from '@morket/domain/notification';
import { aMember, aTenant, type Person, scopeIn, type Tenant, useWorld } from '@morket/testing';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { listDue } from './digest.repo.ts';

const world = useWorld();
let sent: Mail[];
let failures: unknown[];
const keep: MailPort = { send: async (mail) => void sent.push(mail) };
const mailer = (mail: MailPort = keep) =>
  createDigestMailer({ db: world.db, mail, onFailure: (err) => void failures.push(err) });

beforeEach(async () => {
  sent = [];
  failures = [];
  // Every test looks at its own people alone.
  await world.db.read.notification.updateMany({ data: { mail: 'none' } });
});

async function aNewMember(): Promise<{ tenant: Tenant; person: Person }> {
  const tenant = await aTenant(world);
  const person = await aMember(world, tenant, 'viewer');
  await world.deliverEvents();
  return { tenant, person };
}

/** As if it had happened that much earlier. */
const backdate = (person: Person, interval: string) =>
  world.db.read.$executeRaw`
    update notifications set created_at = created_at - ${interval}::interval where user_id = ${person.user.id}::uuid`;

const rename = async (tenant: Tenant, person: Person, role: 'member' | 'manager') => {
  await world.services.members.updateRole(tenant.scope, { userId: person.user.id, role });
  await world.deliverEvents();
};

async function prefer(
  tenant: Tenant,
  person: Person,
  mailFrequency: MailFrequency,
  when: { readonly digestHour?: number; readonly timeZone?: string } = {},
) {
  const scope = await scopeIn(world, person, tenant.id, 'notification:read');
  await world.services.notifications.setPreferences(scope, { mailFrequency, ...when });
}

const people = (count: number) => Promise.all(Array.from({ length: count }, aNewMember));

const failing = (err = new Error('the mail server is gone')): MailPort => ({
  send: async () => {
    throw err;
  },
});

const leaseMinutesOf = async (person: Person) => {
  const [row] = await world.db.read.$queryRaw<{ minutes: number }[]>`
    select round(extract(epoch from mail_leased_until - now()) / 60)::int as minutes from notifications
     where user_id = ${person.user.id}::uuid`;
  return row?.minutes;
};

const endLeases = () =>
  world.db.read
    .$executeRaw`update notifications set mail_leased_until = now() - interval '1 second' where mail = 'claimed'`;

const states = async (person: Person) =>
  (await world.db.read.notification.findMany({ where: { userId: person.user.id }, select: { mail: true } })).map(
    ({ mail }) => mail,
  );

describe('mail', () => {
  test('comes minutes later, once, with everything that waits', async () => {
    const { tenant, person } = await aNewMember();
    expect(await mailer().sweep()).toBe(0);
    await backdate(person, '6 minutes');
    await rename(tenant, person, 'manager');
    expect(await mailer().sweep()).toBe(1);
    expect(await mailer().sweep()).toBe(0);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ to: person.email, subject: `2 notifications – ${tenant.workspace.name}` });
    expect(sent[0]?.text).toMatch(/- You are a member now[\s\S]*- You are manager now/);
    expect(await states(person)).toEqual(['sent', 'sent']);
  });

  test('does not come for what was read in time', async () => {
    const { tenant, person } = await aNewMember();
    await backdate(person, '6 minutes');
    await world.services.notifications.markAllRead(await scopeIn(world, person, tenant.id, 'notification:read'));
    expect(await mailer().sweep()).toBe(0);
    expect(await states(person)).toEqual(['none']);
  });

  test('comes once also when several workers sweep at the same time', async () => {
    const people = await Promise.all(Array.from({ length: 5 }, aNewMember));
    for (const { person } of people) await backdate(person, '6 minutes');
    await Promise.all(Array.from({ length: 4 }, () => mailer().sweep()));
    expect(sent.map(({ to }) => to).sort()).toEqual(people.map(({ person }) => person.email).sort());
  });

  test('that failed, or that a dead worker began, is sent again under the same id', async () => {
    const { person } = await aNewMember();
    await backdate(person, '6 minutes');
    const ids: (string | undefined)[] = [];
    const noting: MailPort = {
      send: async ({ id }) => {
        ids.push(id);
        throw new Error('the mail server is gone');
      },
    };
    expect(await mailer(noting).sweep()).toBe(0);
    expect(failures).toHaveLength(1);
    // Its lease still holds.
    expect(await mailer().sweep()).toBe(0);
    await endLeases();
    expect(await mailer().sweep()).toBe(1);
    expect(sent.map(({ id }) => id)).toEqual(ids);
  });

  test('that fails is tried again after ever longer pauses', async () => {
    const { person } = await aNewMember();
    await backdate(person, '6 minutes');
    const pauses: (number | undefined)[] = [];
    for (let attempt = 0; attempt < 11; attempt += 1) {
      expect(await mailer(failing()).sweep()).toBe(0);
      pauses.push(await leaseMinutesOf(person));
      await endLeases();
    }
    expect(pauses).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]);
  });

  test('that the mail server refuses for good is not tried again', async () => {
    const { person } = await aNewMember();
    await backdate(person, '6 minutes');
    expect(await mailer(failing(new MailRefused(new Error('550 no such mailbox')))).sweep()).toBe(0);
    expect(failures).toHaveLength(1);
    expect(await states(person)).toEqual(['none']);
    await endLeases();
    expect(await mailer().sweep()).toBe(0);
  });

  test('that failed before holds up nobody whose mail is new, however long each attempt takes', async () => {
    const stuck = await people(6);
    for (const { person } of stuck) await backdate(person, '6 minutes');
    await mailer(failing()).sweep();
    await endLeases();
    const fresh = await people(4);
    for (const { person } of fresh) await backdate(person, '6 minutes');
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const slow = new Set(stuck.map(({ person }) => person.email));
    const tarpit: MailPort = {
      send: async (mail) => {
        if (slow.has(mail.to)) await released;
        sent.push(mail);
      },
    };
    const sweeping = mailer(tarpit).sweep();
    await vi.waitFor(() => expect(sent).toHaveLength(4));
    expect(sent.map(({ to }) => to).sort()).toEqual(fresh.map(({ person }) => person.email).sort());
    release();
    expect(await sweeping).toBe(10);
  });

  test('that is due longest goes first, not that of the oldest news', async () => {
    const [hourly, instant] = [await aNewMember(), await aNewMember()];
    await prefer(hourly.tenant, hourly.person, 'hourly');
    const happened = ({ person }: { readonly person: Person }, minutesBeforeTheHour: number) =>
      world.db.read.$executeRaw`
        update notifications
           set created_at = date_trunc('hour', now() - interval '20 hours') - make_interval(mins => ${minutesBeforeTheHour}::int)
         where user_id = ${person.user.id}::uuid`;
    await happened(hourly, 30);
    await happened(instant, 20);
    const due = await listDue(world.db.read, 10);
    expect(due.map(({ userId }) => userId)).toEqual([instant, hourly].map(({ person }) => person.user.id));
  });

  test('that is under way when the worker stops is the last: nothing more begins', async () => {
    for (const { person } of await people(6)) await backdate(person, '6 minutes');
    const stopping = new AbortController();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    let begun = 0;
    const slow: MailPort = {
      send: async (mail) => {
        begun += 1;
        await released;
        sent.push(mail);
      },
    };
    const sweeping = mailer(slow).sweep(stopping.signal);
    await vi.waitFor(() => expect(begun).toBe(4));
    stopping.abort();
    release();
    expect(await sweeping).toBe(4);
    expect(begun).toBe(4);
    expect(await mailer().sweep(), 'the rest is left to whoever comes next').toBe(2);
  });

  test('that could not be sent for days is given up', async () => {
    const { person } = await aNewMember();
    await backdate(person, '4 days');
    expect(await mailer().sweep()).toBe(0);
    expect(await states(person)).toEqual(['none']);
  });

  test('tells nobody of what their role may not see any more', async () => {
    const tenant = await aTenant(world, { credits: 5 });
    const other = await aMember(world, tenant, 'owner');
    await world.services.billing.debit(tenant.scope, { amount: 5, description: 'all' });
    await world.deliverEvents();
    await backdate(other, '6 minutes');
    await world.services.members.updateRole(tenant.scope, { userId: other.user.id, role: 'viewer' });
    expect(await mailer().sweep()).toBe(1);
    expect(sent[0]?.text).toContain('You are a member now');
    expect(sent[0]?.text).not.toContain('credits');
  });
});

describe('how often', () => {
  test('hourly: with the new hour', async () => {
    const { tenant, person } = await aNewMember();
    await prefer(tenant, person, 'hourly');
    await world.db.read.$executeRaw`
      update notifications set created_at = date_trunc('hour', now()) where user_id = ${person.user.id}::uuid`;
    expect(await mailer().sweep()).toBe(0);
    await backdate(person, '1 second');
    expect(await mailer().sweep()).toBe(1);
  });

  test('daily: at the hour that was chosen, in the zone that was', async () => {
    const { tenant, person } = await aNewMember();
    await prefer(tenant, person, 'daily', { digestHour: 8, timeZone: 'Asia/Kolkata' });
    // Eight o'clock there is 02:30 UTC all year. By the clock of any other zone one of the two would come out otherwise, whatever the time.
    const now = new Date();
    const digestAt = new Date(now);
    digestAt.setUTCHours(2, 30, 0, 0);
    if (digestAt > now) digestAt.setUTCDate(digestAt.getUTCDate() - 1);
    const happened = (secondsAfter: number) =>
      world.db.read.notification.updateMany({
        where: { userId: person.user.id },
        data: { createdAt: new Date(digestAt.getTime() + secondsAfter * 1_000) },
      });
    await happened(1);
    expect(await mailer().sweep(), 'tomorrow’s').toBe(0);
    await happened(-1);
    expect(await mailer().sweep(), 'today’s').toBe(1);
  });

  test('never: not at all', async () => {
    const { tenant, person } = await aNewMember();
    await prefer(tenant, person, 'never');
    expect(await mailer().sweep()).toBe(0);
    expect(await states(person)).toEqual(['none']);
  });
});

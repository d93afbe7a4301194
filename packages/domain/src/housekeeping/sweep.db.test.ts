import { anOrigin, aTenant, sessionIdOf, useWorld } from '@morket/testing';
import { expect, test } from 'vitest';
import { sweep } from './sweep.ts';

const world = useWorld();

test('what has no meaning any more goes, what still has some stays', async () => {
  const { db, services } = world;
  const tenant = await aTenant(world, { credits: 100 });
  await services.billing.debit(tenant.scope, { amount: 1, description: 'x', idempotencyKey: 'an old order' });
  await db.read.$executeRaw`
    insert into rate_limits (key, window_start, count) values ('\\x01', now() - interval '2 hours', 1), ('\\x02', now(), 1)`;
  const sessions = await Promise.all(Array.from({ length: 4 }, () => services.auth.login(tenant.owner, anOrigin())));
  const ids = await Promise.all(sessions.map(({ accessToken }) => sessionIdOf(world, accessToken)));
  const [endedLongAgo, endedLately, idleLongAgo, live] = ids;
  await db.read
    .$executeRaw`update sessions set revoked_at = now() - interval '31 days' where id = ${endedLongAgo}::uuid`;
  await db.read
    .$executeRaw`update sessions set revoked_at = now() - interval '29 days' where id = ${endedLately}::uuid`;
  await db.read
    .$executeRaw`update sessions set idle_expires_at = now() - interval '31 days' where id = ${idleLongAgo}::uuid`;

  await db.read.$executeRaw`
    insert into request_answers (id, fingerprint, answer, created_at)
    values ('\\x01', '\\x', '{}', now() - interval '25 hours'), ('\\x02', '\\x', '{}', now() - interval '23 hours')`;

  expect(await sweep(db)).toEqual({ rateLimits: 1, sessions: 2, requestAnswers: 1, notifications: 0 });
  expect(await db.read.requestAnswer.count()).toBe(1);
  const left = (await db.read.session.findMany({ where: { id: { in: ids } } })).map(({ id }) => id);
  expect(left.sort()).toEqual([endedLately, live].sort());
  expect(await db.read.idempotencyKey.count(), 'a verdict is final').toBe(1);
  expect(await sweep(db)).toEqual({ rateLimits: 0, sessions: 0, requestAnswers: 0, notifications: 0 });
});

test('notifications go after a year, those that were read after three months', async () => {
  const { db } = world;
  const { id: workspaceId, owner } = await aTenant(world);
  const ages = [
    { days: 366, isRead: false },
    { days: 364, isRead: false },
    { days: 91, isRead: true },
    { days: 89, isRead: true },
  ];
  const now = Date.now();
  const rows = ages.map(({ days, isRead }) => {
    const createdAt = new Date(now - days * 86_400_000);
    return {
      ...{ workspaceId, id: crypto.randomUUID(), userId: owner.user.id, type: 'jobs', event: 'jobs.failed', createdAt },
      ...{ title: `${days}`, body: '', entityType: 'job', entityId: 'x', dedupeKey: `${days}`, isInApp: true },
      ...{ mail: 'none' as const, readAt: isRead ? createdAt : null },
    };
  });
  await db.read.notification.createMany({ data: rows });
  expect((await sweep(db)).notifications).toBe(2);
  const left = await db.read.notification.findMany({ where: { workspaceId }, select: { title: true } });
  expect(left.map(({ title }) => title).sort()).toEqual(['364', '89']);
});

import { anOrigin, aTenant, useWorld } from '@morket/testing';
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
  const ids = await Promise.all(
    sessions.map(async ({ accessToken }) => (await services.access.identify(accessToken)).sessionId),
  );
  const [endedLongAgo, endedLately, idleLongAgo, live] = ids;
  await db.read
    .$executeRaw`update sessions set revoked_at = now() - interval '31 days' where id = ${endedLongAgo}::uuid`;
  await db.read
    .$executeRaw`update sessions set revoked_at = now() - interval '29 days' where id = ${endedLately}::uuid`;
  await db.read
    .$executeRaw`update sessions set idle_expires_at = now() - interval '31 days' where id = ${idleLongAgo}::uuid`;

  expect(await sweep(db)).toEqual({ rateLimits: 1, sessions: 2 });
  const left = (await db.read.session.findMany({ where: { id: { in: ids } } })).map(({ id }) => id);
  expect(left.sort()).toEqual([endedLately, live].sort());
  expect(await db.read.idempotencyKey.count(), 'a verdict is final').toBe(1);
  expect(await sweep(db)).toEqual({ rateLimits: 0, sessions: 0 });
});

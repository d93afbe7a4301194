import { NO_TELEMETRY } from '@morket/domain/telemetry';
import { aTenant, unique, useWorld } from '@morket/testing';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { housekeeping } from './housekeeping.ts';
import { jobsLoop } from './jobs.ts';

const world = useWorld();
const log = pino({ level: 'silent' });
const deps = () => ({
  ...{ db: world.db, databaseUrl: world.databaseUrl, configuration: world.configuration, log },
  telemetry: NO_TELEMETRY,
});

test('the worker keeps the hourly housekeeping on the clock and stops when it is told', async () => {
  const loop = jobsLoop(deps()).start();
  await vi.waitFor(
    async () => {
      const schedules = await world.db.read.$queryRaw`select name, cron, timezone from pgboss.schedule`;
      expect(schedules).toEqual([{ name: 'housekeeping.sweep', cron: '7 * * * *', timezone: 'UTC' }]);
    },
    { timeout: 10_000 },
  );
  await loop.stop();
  // PostgreSQL takes a moment to notice that a connection is closed.
  await vi.waitFor(async () => {
    const [open] = await world.db.read.$queryRaw<{ n: number }[]>`
      select count(*)::int as n from pg_stat_activity where application_name = 'morket-jobs' and datname = current_database()`;
    expect(open).toEqual({ n: 0 });
  });
});

test('an invitation is mailed behind the request, by the worker', async () => {
  const { scope, id: workspaceId } = await aTenant(world);
  const email = `guest-${unique()}@example.com`;
  await world.services.invitations.create(scope, { email, role: 'member' });
  const loop = jobsLoop(deps()).start();
  const where = { workspaceId, kind: 'invitation.mail', state: 'succeeded' } as const;
  await vi.waitFor(async () => expect(await world.db.read.job.count({ where })).toBe(1), { timeout: 10_000 });
  await loop.stop();
  expect(await world.mailTo(email)).toHaveLength(1);
});

test('housekeeping removes counters of the past', async () => {
  await world.db.read.$executeRaw`
    insert into rate_limits (key, window_start, count) values ('\\x01', now() - interval '2 hours', 1)`;
  const claim = {
    kind: 'housekeeping.sweep',
    id: '019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40',
    workspaceId: null,
    begunAt: '0',
  };
  await housekeeping(deps()).run({ signal: new AbortController().signal, claim });
  expect(
    await world.db.read.$queryRaw`select 1 from rate_limits where window_start < now() - interval '1 hour'`,
  ).toEqual([]);
});

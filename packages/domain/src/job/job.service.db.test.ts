import { aJob as anIdleJob, anOrigin, aTenant, type Tenant, useWorld } from '@morket/testing';
import { beforeAll, expect, test } from 'vitest';
import { aJob, enqueue } from '../../test/job-lab.ts';

const world = useWorld();
let tenant: Tenant;
beforeAll(async () => {
  tenant = await aTenant(world);
});

const page = { page: 1, limit: 20 };

test('a workspace lists its own jobs, newest first, by kind and by state; what they work on is not told', async () => {
  const own = await aTenant(world);
  const [job, other] = [aJob(), aJob()];
  const first = await enqueue(world, job, own.id, { label: 'canary-payload', acting: own.scope });
  const second = await enqueue(world, other, own.id);
  const third = await enqueue(world, job, own.id);
  await world.services.jobs.cancel(own.scope, { jobId: third });
  const { jobs } = world.services;
  const all = await jobs.list(own.scope, page);
  expect(all).toMatchObject({ total: 3, page: 1, limit: 20 });
  expect(all.items.map(({ id }) => id)).toEqual([third, second, first]);
  expect(all.items[2]).toMatchObject({ createdBy: own.owner.user.id, state: 'queued', error: null });
  expect(JSON.stringify(all)).not.toContain('canary-payload');
  const ids = async (filter: object) => (await jobs.list(own.scope, { ...page, ...filter })).items.map(({ id }) => id);
  expect(await ids({ kind: job.name })).toEqual([third, first]);
  expect(await ids({ state: 'cancelled' })).toEqual([third]);
  expect(await ids({ kind: other.name, state: 'cancelled' })).toEqual([]);
  expect((await jobs.list(tenant.scope, page)).items.map(({ id }) => id)).not.toContain(first);
});

test('the job of another workspace is as missing as one that never was', async () => {
  const other = await aTenant(world);
  const jobId = await anIdleJob(world, other);
  const { jobs } = world.services;
  for (const verb of [jobs.get, jobs.cancel, jobs.retry]) {
    await expect(verb(tenant.scope, { jobId })).rejects.toMatchObject({ code: 'job.not_found' });
    await expect(verb(tenant.scope, { jobId: anOrigin().requestId })).rejects.toMatchObject({ code: 'job.not_found' });
  }
  expect((await jobs.get(other.scope, { jobId })).state).toBe('queued');
});

test('only what is not over can be cancelled, and only what failed or was cancelled can be taken up again', async () => {
  const { jobs } = world.services;
  const jobId = await anIdleJob(world, tenant);
  await expect(jobs.retry(tenant.scope, { jobId })).rejects.toMatchObject({
    ...{ code: 'job.not_retryable', details: { state: 'queued' } },
  });
  expect(await jobs.cancel(tenant.scope, { jobId })).toMatchObject({
    state: 'cancelled',
    finishedAt: expect.any(Date),
  });
  await expect(jobs.cancel(tenant.scope, { jobId })).rejects.toMatchObject({
    ...{ code: 'job.is_over', details: { state: 'cancelled' } },
  });
  const bossState = () => world.db.read.$queryRaw`select state::text from pgboss.job where id = ${jobId}::uuid`;
  expect(await bossState()).toEqual([{ state: 'cancelled' }]);
  expect(await jobs.retry(tenant.scope, { jobId })).toMatchObject({
    state: 'queued',
    finishedAt: null,
    maxAttempts: 4,
  });
  expect(await bossState()).toEqual([{ state: 'created' }]);
});

test('cancelling and taking up again are written down with who did it', async () => {
  const { jobs } = world.services;
  const jobId = await anIdleJob(world, tenant);
  await jobs.cancel(tenant.scope, { jobId });
  await jobs.retry(tenant.scope, { jobId });
  const entries = await world.db.read.auditEntry.findMany({
    where: { entityId: jobId },
    orderBy: { createdAt: 'asc' },
  });
  expect(entries.map(({ action, actorId, changes }) => ({ action, actorId, changes }))).toEqual([
    {
      ...{ action: 'job.cancelled', actorId: tenant.owner.user.id },
      changes: { before: { state: 'queued' }, after: { state: 'cancelled' } },
    },
    {
      ...{ action: 'job.retried', actorId: tenant.owner.user.id },
      changes: { before: { state: 'cancelled' }, after: { state: 'queued' } },
    },
  ]);
});

test('what is forgotten cannot be taken up again', async () => {
  const { jobs } = world.services;
  const jobId = await anIdleJob(world, tenant);
  await jobs.cancel(tenant.scope, { jobId });
  await world.db.read.$executeRaw`delete from pgboss.job where id = ${jobId}::uuid`;
  await expect(jobs.retry(tenant.scope, { jobId })).rejects.toMatchObject({ code: 'job.not_found' });
});

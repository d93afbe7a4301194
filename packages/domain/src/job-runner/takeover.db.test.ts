import { aTenant, type Tenant, useWorld } from '@morket/testing';
import { beforeAll, expect, test, vi } from 'vitest';
import { aJob, aRunner, aSignal, enqueue } from '../../test/job-lab.ts';
import { completeIn, handleJob } from '../job/index.ts';
import { sweepJobs } from './run.repo.ts';

const world = useWorld();
let tenant: Tenant;
beforeAll(async () => {
  tenant = await aTenant(world);
});

/** A runner that never says that it lives, as a process does that has been paused. */
const PAUSED = { pulseMs: 3_600_000 };
const read = (id: string) => world.db.read.job.findFirstOrThrow({ where: { id } });

/** Thirty seconds pass without a heartbeat. */
const miss = (id: string) => world.db.read.$executeRaw`
  update pgboss.job set heartbeat_on = now() - interval '31 s' where id = ${id}::uuid and state = 'active'`;

test('who was taken for dead and wakes up cannot bring about the effect a second time', async () => {
  // With room for one, the sleeper does not get its own job again.
  const job = aJob({ concurrency: 1 });
  const id = await enqueue(world, job, tenant.id);
  const [begun, gate] = [aSignal(), aSignal()];
  const outcome = Promise.withResolvers<unknown>();
  const effects: string[] = [];
  const effect = (who: string, run: Parameters<typeof completeIn>[1]) =>
    world.db
      .transaction(async (tx) => {
        await tx.$executeRaw`select 1`;
        await completeIn(tx, run);
      })
      .then(() => void effects.push(who));
  const sleeper = aRunner(
    world,
    [
      handleJob(job, async (_payload, run) => {
        begun.resolve();
        await gate.promise;
        await effect('sleeper', run).then(outcome.resolve, outcome.resolve);
      }),
    ],
    PAUSED,
  );
  await begun.promise;
  await miss(id);
  const [taken, end] = [aSignal(), aSignal()];
  const heir = aRunner(
    world,
    [
      handleJob(job, async (_payload, run) => {
        taken.resolve();
        await end.promise;
        await effect('heir', run);
      }),
    ],
    { superviseSeconds: 1 },
  );
  await taken.promise;
  gate.resolve();
  expect(await outcome.promise).toMatchObject({ name: 'JobLost' });
  end.resolve();
  await vi.waitFor(async () => expect((await read(id)).state).toBe('succeeded'), { timeout: 20_000 });
  await Promise.all([sleeper.stop(), heir.stop()]);
  expect(effects).toEqual(['heir']);
  expect(await read(id)).toMatchObject({ state: 'succeeded', attempts: 2 });
}, 40_000);

test('who was taken for dead and fails does not end the attempt of its heir', async () => {
  const job = aJob({ concurrency: 1, retries: 1 });
  const id = await enqueue(world, job, tenant.id);
  const [begun, gate, taken, end] = [aSignal(), aSignal(), aSignal(), aSignal()];
  const fails = handleJob(job, async () => {
    begun.resolve();
    await gate.promise;
    throw new Error('the sleeper fails');
  });
  const succeeds = handleJob(job, async () => {
    taken.resolve();
    await end.promise;
  });
  const sleeper = aRunner(world, [fails], PAUSED);
  await begun.promise;
  await miss(id);
  const heir = aRunner(world, [succeeds], { superviseSeconds: 1 });
  await taken.promise;
  gate.resolve();
  await sleeper.stop();
  expect(await world.db.read.$queryRaw`select state::text from pgboss.job where id = ${id}::uuid`).toEqual([
    { state: 'active' },
  ]);
  end.resolve();
  await vi.waitFor(async () => expect((await read(id)).state).toBe('succeeded'));
  await heir.stop();
}, 40_000);

test('a job whose worker is lost for good has failed, and says why', async () => {
  const job = aJob({ retries: 0, concurrency: 1 });
  const id = await enqueue(world, job, tenant.id);
  const [begun, gate] = [aSignal(), aSignal()];
  const lost = aRunner(
    world,
    [
      handleJob(job, async () => {
        begun.resolve();
        await gate.promise;
      }),
    ],
    PAUSED,
  );
  await begun.promise;
  await miss(id);
  const watcher = aRunner(world, [], { superviseSeconds: 1 });
  await vi.waitFor(
    async () => expect(await read(id)).toMatchObject({ state: 'failed', errorCode: 'job.interrupted' }),
    {
      timeout: 20_000,
    },
  );
  gate.resolve();
  await Promise.all([lost.stop(), watcher.stop()]);
  expect((await read(id)).state, 'what it comes to afterwards does not count').toBe('failed');
  const [event] = await world.db.read.outboxEvent.findMany({ where: { aggregateId: id } });
  expect(event).toMatchObject({ name: 'job.failed', payload: { error: { code: 'job.interrupted' } } });
}, 40_000);

test('jobs are forgotten thirty days after they are over, and not before', async () => {
  const job = aJob();
  const ids = [];
  for (let n = 0; n < 3; n += 1) ids.push(await enqueue(world, job, tenant.id));
  const [longOver, over, waiting] = ids;
  for (const jobId of [longOver, over]) await world.services.jobs.cancel(tenant.scope, { jobId: jobId ?? '' });
  await world.db.read.$executeRaw`
    update jobs set finished_at = finished_at - interval '30 days 1 minute' where id = ${longOver}::uuid`;
  expect(await sweepJobs(world.db)).toBe(1);
  const left = await world.db.read.job.findMany({ where: { id: { in: ids } }, orderBy: { createdAt: 'asc' } });
  expect(left.map(({ id }) => id)).toEqual([over, waiting]);
});

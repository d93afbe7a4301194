import { aTenant, scopeIn, type Tenant, useWorld } from '@morket/testing';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { aJob, aRunner, aSignal, enqueue } from '../../test/job-lab.ts';
import { completeIn, GiveUp, handleJob } from '../job/index.ts';
import { NO_TELEMETRY, type Telemetry } from '../telemetry/index.ts';

const world = useWorld();
let tenant: Tenant;
beforeAll(async () => {
  tenant = await aTenant(world);
});

const runners: { stop(): Promise<void> }[] = [];
const start = (...given: Parameters<typeof aRunner> extends [unknown, ...infer Rest] ? Rest : never) => {
  const runner = aRunner(world, ...given);
  runners.push(runner);
  return runner;
};
afterEach(async () => {
  await Promise.all(runners.splice(0).map((runner) => runner.stop()));
});

const read = async (id: string) => {
  const row = await world.db.read.job.findUnique({ where: { workspaceId_id: { workspaceId: tenant.id, id } } });
  if (!row) throw new Error(`no job ${id}`);
  return row;
};
const reached = (id: string, state: string) =>
  vi.waitFor(async () => expect((await read(id)).state).toBe(state), { timeout: 15_000, interval: 50 });

test('a job runs once with its payload, and is over', async () => {
  const job = aJob();
  const seen: unknown[] = [];
  const id = await enqueue(world, job, tenant.id, { label: 'first' });
  start([handleJob(job, async (payload, run) => void seen.push([payload, run.id, run.attempt, run.workspaceId]))]);
  await reached(id, 'succeeded');
  expect(seen).toEqual([[{ label: 'first' }, id, 1, tenant.id]]);
  expect(await read(id)).toMatchObject({ attempts: 1, errorCode: null, finishedAt: expect.any(Date) });
  expect(await world.db.read.$queryRaw`select 1 from pgboss.job where id = ${id}::uuid`, 'nothing is left').toEqual([]);
});

test('a failing job is tried again after a growing delay, then it is over, told, and can be taken up again', async () => {
  const job = aJob({ retries: 2, backoffSeconds: 1 });
  let isMended = false;
  const at: number[] = [];
  const id = await enqueue(world, job, tenant.id);
  start([
    handleJob(job, async () => {
      at.push(performance.now());
      if (!isMended) throw new Error('password=hunter2');
    }),
  ]);
  await reached(id, 'failed');
  const [first = 0, second = 0, third = 0] = at;
  expect(at.length).toBe(3);
  // Half of a delay is fixed: 1 s, then 2 s, for a base of one second.
  expect(second - first).toBeGreaterThan(950);
  expect(third - second).toBeGreaterThan(1_950);
  const row = await read(id);
  expect(row).toMatchObject({ attempts: 3, maxAttempts: 3, errorCode: 'server.internal' });
  expect(JSON.stringify(row)).not.toContain('hunter2');
  const [event] = await world.db.read.outboxEvent.findMany({ where: { aggregateId: id } });
  expect(event).toMatchObject({ name: 'job.failed', workspaceId: tenant.id, payload: { kind: job.name, attempts: 3 } });

  isMended = true;
  await world.services.jobs.retry(tenant.scope, { jobId: id });
  await reached(id, 'succeeded');
  expect(await read(id)).toMatchObject({ attempts: 4, maxAttempts: 6, errorCode: null });
}, 30_000);

test('who gives up is not tried again', async () => {
  const job = aJob({ retries: 5 });
  let attempts = 0;
  const id = await enqueue(world, job, tenant.id);
  start([
    handleJob(job, async () => {
      attempts += 1;
      throw new GiveUp(new Error('no such address'));
    }),
  ]);
  await reached(id, 'failed');
  expect(attempts).toBe(1);
});

test('a payload of another form ends the job before its handler sees it', async () => {
  const job = aJob({ retries: 5 });
  const id = await enqueue(world, job, tenant.id);
  await world.db.read.$executeRaw`update pgboss.job set data = '{"label": 7}' where id = ${id}::uuid`;
  let isCalled = false;
  start([
    handleJob(job, async () => {
      isCalled = true;
    }),
  ]);
  await reached(id, 'failed');
  expect(isCalled).toBe(false);
  expect(await read(id)).toMatchObject({ attempts: 1, errorCode: 'job.payload_invalid' });
});

test('a job that takes too long is aborted and says so', async () => {
  const job = aJob({ retries: 0, timeoutSeconds: 1 });
  const id = await enqueue(world, job, tenant.id);
  start([
    handleJob(
      job,
      (_payload, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    ),
  ]);
  await reached(id, 'failed');
  expect(await read(id)).toMatchObject({ errorCode: 'job.timed_out', errorMessage: 'The job took longer than 1 s.' });
});

test('a job that is cancelled while it runs is aborted, and its effect is refused', async () => {
  const job = aJob();
  const begun = aSignal();
  const aborted = aSignal();
  let refusal: unknown;
  const id = await enqueue(world, job, tenant.id);
  start([
    handleJob(job, async (_payload, run) => {
      run.signal.addEventListener('abort', () => aborted.resolve());
      begun.resolve();
      await aborted.promise;
      refusal = await world.db
        .transaction(async (tx) => {
          await tx.workspace.update({ where: { id: tenant.id }, data: { name: 'never' } });
          await completeIn(tx, run);
        })
        .catch((err: unknown) => err);
    }),
  ]);
  await begun.promise;
  const cancelled = await world.services.jobs.cancel(tenant.scope, { jobId: id });
  expect(cancelled.state).toBe('cancelled');
  await aborted.promise;
  await vi.waitFor(() => expect(refusal).toMatchObject({ name: 'JobLost' }));
  expect((await world.db.read.workspace.findUniqueOrThrow({ where: { id: tenant.id } })).name).not.toBe('never');
  expect(await read(id)).toMatchObject({ state: 'cancelled', attempts: 1 });
});

test('progress is stored while the job runs', async () => {
  const job = aJob();
  const seen = aSignal();
  const id = await enqueue(world, job, tenant.id);
  start([
    handleJob(job, async (_payload, run) => {
      run.progress(40.4, '400 of 1,000');
      await seen.promise;
    }),
  ]);
  await vi.waitFor(async () => expect(await read(id)).toMatchObject({ percent: 40, note: '400 of 1,000' }));
  seen.resolve();
  await reached(id, 'succeeded');
});

test('one workspace runs no more at once than its share, and one process no more than its own', async () => {
  const job = aJob({ concurrency: 4, perWorkspace: 2 });
  const other = await aTenant(world);
  const now = new Map<string, number>();
  const most = { all: 0, ofOne: 0 };
  const gate = aSignal();
  let begun = 0;
  for (let n = 0; n < 8; n += 1) await enqueue(world, job, tenant.id);
  const last = await enqueue(world, job, other.id);
  const ids: string[] = [];
  start([
    handleJob(job, async (_payload, { id, workspaceId }) => {
      now.set(workspaceId, (now.get(workspaceId) ?? 0) + 1);
      begun += 1;
      ids.push(id);
      most.ofOne = Math.max(most.ofOne, now.get(workspaceId) ?? 0);
      most.all = Math.max(
        most.all,
        [...now.values()].reduce((sum, n) => sum + n, 0),
      );
      await gate.promise;
      now.set(workspaceId, (now.get(workspaceId) ?? 0) - 1);
    }),
  ]);
  // The other workspace came last and does not wait for the eight before it.
  await vi.waitFor(() => expect(ids).toContain(last));
  gate.resolve();
  await vi.waitFor(() => expect(begun).toBe(9), { timeout: 10_000 });
  expect(most).toEqual({ all: 3, ofOne: 2 });
});

test('a runner that stops hands back what does not end in time, and no attempt is spent', async () => {
  const job = aJob({ retries: 0 });
  const begun = aSignal();
  const id = await enqueue(world, job, tenant.id);
  const runner = start(
    [
      handleJob(job, async (_payload, { signal }) => {
        begun.resolve();
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      }),
    ],
    { graceMs: 100 },
  );
  await begun.promise;
  await runner.stop();
  expect(await read(id)).toMatchObject({ state: 'queued', attempts: 0 });

  start([handleJob(job, async () => undefined)]);
  await reached(id, 'succeeded');
  expect(await read(id)).toMatchObject({ attempts: 1 });
});

test('a runner that stops lets what ends in time end', async () => {
  const job = aJob();
  const begun = aSignal();
  const gate = aSignal();
  const id = await enqueue(world, job, tenant.id);
  const runner = start([
    handleJob(job, async () => {
      begun.resolve();
      await gate.promise;
    }),
  ]);
  await begun.promise;
  const stopped = runner.stop();
  gate.resolve();
  await stopped;
  expect((await read(id)).state).toBe('succeeded');
});

test('what a workspace left to do when it was deleted is not done', async () => {
  const job = aJob();
  const [gone, seen] = [await aTenant(world), new Set<string>()];
  const id = await enqueue(world, job, gone.id);
  await world.services.workspaces.delete(await scopeIn(world, gone.owner, gone.id, 'workspace:delete'));
  const later = await enqueue(world, job, tenant.id);
  start([handleJob(job, async (_payload, { workspaceId }) => void seen.add(workspaceId))]);
  await reached(later, 'succeeded');
  await vi.waitFor(async () => {
    expect((await world.db.read.job.findFirstOrThrow({ where: { id } })).state).toBe('cancelled');
  });
  expect(seen).toEqual(new Set([tenant.id]));
  expect(await world.db.read.$queryRaw`select 1 from pgboss.job where id = ${id}::uuid`).toEqual([]);
});

test('outcomes and times are counted by kind, what waits is told, and the trace goes on', async () => {
  const job = aJob({ retries: 1, concurrency: 1 });
  const counted: string[] = [];
  const spans: unknown[] = [];
  const observed: string[] = [];
  let readWaiting: (() => unknown) | undefined;
  const telemetry: Telemetry = {
    ...NO_TELEMETRY,
    count: (name, labels) => void counted.push(`${name} ${Object.values(labels).join(' ')}`),
    observe: (name, seconds, labels) =>
      void (seconds >= 0 && observed.push(`${name} ${Object.values(labels).join(' ')}`)),
    gauge: (_name, reader) => {
      readWaiting = reader;
    },
    span: (name, parent, work) => {
      spans.push([name, parent]);
      return NO_TELEMETRY.span(name, parent, work);
    },
  };
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const acting = { actorId: null, origin: { requestId: tenant.id, ip: null, userAgent: null, traceparent } };
  const failing = await enqueue(world, job, tenant.id, { label: 'fail', acting });
  await enqueue(world, job, tenant.id, { runAt: new Date(Date.now() + 3_600_000) });
  const origins: unknown[] = [];
  start(
    [
      handleJob(job, async ({ label }, run) => {
        origins.push([run.acting.origin.requestId, run.acting.origin.traceparent]);
        if (label === 'fail') throw new Error('x');
      }),
    ],
    { telemetry },
  );
  await reached(failing, 'failed');
  await vi.waitFor(() => expect(counted).toContain(`morket_jobs_total ${job.name} dead`));
  expect(counted.filter((line) => line === `morket_jobs_total ${job.name} failed`).length).toBe(2);
  expect(observed).toEqual([`morket_job_seconds ${job.name}`, `morket_job_seconds ${job.name}`]);
  expect(spans).toEqual([`job.run ${job.name}`, `job.run ${job.name}`].map((name) => [name, traceparent]));
  expect(origins).toEqual([1, 2].map(() => [tenant.id, traceparent]));
  expect(await readWaiting?.()).toEqual([{ value: 1, labels: { kind: job.name, state: 'created' } }]);
});

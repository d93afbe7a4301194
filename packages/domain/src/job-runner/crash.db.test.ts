import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { aTenant, useWorld } from '@morket/testing';
import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { defineJob, enqueueAllIn } from '../job/index.ts';

const world = useWorld();
const SCRIPT = fileURLToPath(new URL('../../test/job-worker.ts', import.meta.url));
const Crash = defineJob({
  ...{ name: 'test.crash', backoffSeconds: 0, maxBackoffSeconds: 1, retries: 50 },
  payload: z.object({ dieAt: z.enum(['before', 'uncommitted', 'committed', 'any']) }),
});

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A worker's process; `said` resolves once it has printed the word. */
function aWorker(pace: 'slow' | 'quick') {
  const child = spawn(process.execPath, [SCRIPT, world.databaseUrl, pace], {
    env: { PATH: process.env.PATH ?? '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const said = (word: string) => vi.waitFor(() => expect(lines).toContain(word), { timeout: 40_000 });
  async function end(signal: NodeJS.Signals): Promise<unknown> {
    const ended = once(child, 'exit');
    child.kill(signal);
    return ended;
  }
  return { said, end };
}

async function enqueue(dieAt: z.infer<typeof Crash.payload>['dieAt'], count: number): Promise<string[]> {
  const tenant = await aTenant(world);
  const wanted = Array.from({ length: count }, () => ({ workspaceId: tenant.id, payload: { dieAt } }));
  return world.db.transaction((tx) => enqueueAllIn(tx, Crash, wanted));
}

/** How many effects each job has had. */
async function effectsOf(ids: readonly string[]): Promise<number[]> {
  const rows = await world.db.read.$queryRaw<{ n: number }[]>`
    select count(p.consumer)::int as n from unnest(${ids}::text[]) as job (id)
      left join processed_events p on p.consumer = job.id group by job.id`;
  return rows.map(({ n }) => n);
}

const succeeded = (ids: string[]) => world.db.read.job.count({ where: { id: { in: ids }, state: 'succeeded' } });

/** Thirty seconds pass without a heartbeat: for the dead, and for the living, who are then taken for dead. */
const missAll = () => world.db.read.$executeRaw`
  update pgboss.job set heartbeat_on = now() - interval '31 s' where name = ${Crash.name} and state = 'active'`;

test.each(['before', 'uncommitted', 'committed'] as const)(
  'a worker killed in mid-job, %s its effect, leaves one effect in the end',
  async (dieAt) => {
    const ids = await enqueue(dieAt, 1);
    const read = () => world.db.read.job.findFirstOrThrow({ where: { id: { in: ids } } });
    const first = aWorker('slow');
    await first.said('now');
    await first.end('SIGKILL');
    const isDone = dieAt === 'committed';
    expect(await effectsOf(ids)).toEqual([isDone ? 1 : 0]);
    expect((await read()).state).toBe(isDone ? 'succeeded' : 'running');
    await missAll();

    const second = aWorker('quick');
    await second.said('up');
    await vi.waitFor(async () => expect((await read()).state).toBe('succeeded'), { timeout: 40_000 });
    expect(await second.end('SIGTERM')).toEqual([0, null]);
    expect(await effectsOf(ids)).toEqual([1]);
    expect((await read()).attempts).toBe(isDone ? 1 : 2);
  },
  90_000,
);

test('workers killed wherever they happen to be, and taken for dead while they live, leave one effect of each job', async () => {
  const ids = await enqueue('any', 80);
  let workers = [aWorker('quick'), aWorker('quick')];
  const reached = (count: number, meanwhile: () => Promise<unknown>) =>
    vi.waitFor(
      async () => {
        await meanwhile();
        expect(await succeeded(ids)).toBeGreaterThanOrEqual(count);
      },
      { timeout: 60_000, interval: 100 },
    );
  for (const share of [0.1, 0.5]) {
    await reached(share * ids.length, missAll);
    const [victim, ...others] = workers;
    await victim?.end('SIGKILL');
    workers = [...others, aWorker('quick')];
  }
  await missAll();
  await reached(ids.length, async () => undefined);
  await Promise.all(workers.map((worker) => worker.end('SIGTERM')));
  expect(new Set(await effectsOf(ids))).toEqual(new Set([1]));
}, 180_000);

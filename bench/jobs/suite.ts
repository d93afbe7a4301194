import { randomUUID } from 'node:crypto';
import { createDb, type Db, type Tx } from '@morket/db';
import { completeIn, defineJob, enqueueAllIn, enqueueIn, handleJob } from '@morket/domain/job';
import { startJobRunner } from '@morket/domain/job-runner';
import { fromPrisma, PgBoss } from 'pg-boss';
import { z } from 'zod';
import { startPostgres } from '../product/postgres.ts';
import type { Finding } from '../report/finding.ts';
import { createRecorder, type Recorder } from '../report/recorder.ts';
import { ratioOfRounds, spreadOf } from '../report/statistics.ts';
import type { Run, SuiteResult } from '../run.ts';

const CLIENTS = 8;
const BACKLOG = 20_000;
const ENQUEUED_AT_ONCE = 1_000;

const NAMES = {
  plain: 'a transaction that writes a row',
  row: 'the same with a second row',
  job: 'the same with a job',
  boss: 'the same with a job of pg-boss alone',
  run: 'jobs run, each with its effect in one transaction',
} as const;

const Payload = z.object({ contactId: z.uuid() });
const Measured = defineJob({ name: 'bench.measured', payload: Payload });
const Worked = defineJob({ name: 'bench.worked', payload: Payload, concurrency: CLIENTS, perWorkspace: CLIENTS });
/** pg-boss by itself keeps no list for a customer, and no key. */
const BOSS_QUEUE = 'bench.boss';

/** What an enqueued job costs the transaction that enqueues it, and how fast jobs are worked off; all on one durable PostgreSQL. */
export async function runJobs({ plan, cleanUp, say }: Run): Promise<SuiteResult> {
  say('Starting PostgreSQL');
  const { url } = await startPostgres(cleanUp);
  const db = createDb({ url });
  cleanUp.defer(() => db.close());
  const boss = new PgBoss({ connectionString: url, max: 1, migrate: false, supervise: false, schedule: false });
  cleanUp.defer(() => boss.stop({ graceful: false }));
  await boss.start();
  await boss.createQueue(BOSS_QUEUE);
  const workspaceId = randomUUID();
  await db.read.$executeRaw`
    insert into workspaces (id, name, slug, key_salt) values (${workspaceId}::uuid, 'Bench', 'bench', '\\x00')`;

  const payload = () => ({ contactId: randomUUID() });
  const loads: readonly (readonly [string, (durationMs: number) => Promise<number>])[] = [
    [NAMES.plain, (ms) => transactions(db, ms, async () => undefined)],
    [NAMES.row, (ms) => transactions(db, ms, writeRow)],
    [NAMES.job, (ms) => transactions(db, ms, (tx) => enqueueIn(tx, Measured, payload(), { workspaceId }))],
    [NAMES.boss, (ms) => transactions(db, ms, (tx) => boss.send(BOSS_QUEUE, payload(), { db: fromPrisma(tx) }))],
    [NAMES.run, (ms) => jobsRun(db, url, workspaceId, ms)],
  ];

  say(`Warming up ${loads.length} loads`);
  for (const [, load] of loads) await load(plan.warmUpMs);
  const recorder = createRecorder('jobs');
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const [name, load] of round % 2 === 0 ? loads : loads.toReversed()) {
      const perSecond = await load(plan.durationMs);
      recorder.add({ name, round, perSecond, p50Ms: null, p99Ms: null, cpuMicrosPerCall: null });
      say(`  round ${round + 1}  ${name.padEnd(52)} ${String(Math.round(perSecond)).padStart(6)}/s`);
    }
    // Every round finds the tables as the first one did.
    await db.read.$executeRaw`delete from pgboss.job`;
    await db.read.$executeRaw`delete from jobs`;
  }
  return { findings: findingsOf(recorder), measurements: recorder.measurements, machine: {} };
}

const writeRow = (tx: Tx) =>
  tx.$executeRaw`insert into processed_events (consumer, event_id) values ('bench', ${randomUUID()}::uuid)`;

/** Transactions a second by several clients; each writes a row and does `more`. */
async function transactions(db: Db, durationMs: number, more: (tx: Tx) => Promise<unknown>): Promise<number> {
  const begunMs = performance.now();
  let count = 0;
  const client = async () => {
    while (performance.now() - begunMs < durationMs) {
      await db.transaction(async (tx) => {
        await writeRow(tx);
        await more(tx);
      });
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return (count * 1_000) / (performance.now() - begunMs);
}

/** Jobs a second that one runner works off a backlog larger than it can manage. */
async function jobsRun(db: Db, databaseUrl: string, workspaceId: string, durationMs: number): Promise<number> {
  const wanted = Array.from({ length: ENQUEUED_AT_ONCE }, () => ({
    workspaceId,
    payload: { contactId: randomUUID() },
  }));
  for (let made = 0; made < BACKLOG; made += ENQUEUED_AT_ONCE) {
    await db.transaction((tx) => enqueueAllIn(tx, Worked, wanted));
  }
  let count = 0;
  const begun = Promise.withResolvers<number>();
  const handler = handleJob(Worked, async (_payload, run) => {
    begun.resolve(performance.now());
    await db.transaction(async (tx) => {
      await writeRow(tx);
      await completeIn(tx, run);
    });
    count += 1;
  });
  const log = { warn: () => undefined, error: (fields: object) => begun.reject(fields) };
  const runner = startJobRunner({ db, databaseUrl, jobs: [handler], log });
  const begunMs = await begun.promise;
  await new Promise((resolve) => setTimeout(resolve, durationMs));
  const perSecond = (count * 1_000) / (performance.now() - begunMs);
  await runner.stop();
  await db.read.$executeRaw`delete from pgboss.job where name = ${Worked.name}`;
  return perSecond;
}

function findingsOf({ rates }: Recorder): Finding[] {
  const beside = (against: string, name: string): Finding => ({
    ...{ suite: 'jobs', what: 'a transaction that enqueues a job', against, unit: '×' },
    value: ratioOfRounds(rates(NAMES.job), rates(name)),
  });
  return [
    beside('one that writes its row alone', NAMES.plain),
    beside('one that writes a second row', NAMES.row),
    beside('one that enqueues with pg-boss alone', NAMES.boss),
    { suite: 'jobs', what: NAMES.run, against: null, unit: '/s', value: spreadOf(rates(NAMES.run)) },
  ];
}

import { createDb } from '@morket/db';
import pg from 'pg';
import { startPostgres } from '../product/postgres.ts';
import type { Finding, Target } from '../report/finding.ts';
import { createRecorder, type Recorder } from '../report/recorder.ts';
import { ratioOfRounds, spreadOf } from '../report/statistics.ts';
import type { Run, SuiteResult } from '../run.ts';
import { contendersOn, names } from './contenders.ts';

const EVENTS_PER_MS = 10;
const AGGREGATES = 2_000;

/** From the outbox to stored effects, by the product and by hand; what is stored is checked after every measurement. */
export async function runEvents({ plan, cleanUp, say }: Run): Promise<SuiteResult> {
  say('Starting PostgreSQL');
  const { url } = await startPostgres(cleanUp);
  const sql = new pg.Client({ connectionString: url });
  await sql.connect();
  cleanUp.defer(() => sql.end());
  const db = createDb({ url });
  cleanUp.defer(() => db.close());
  await sql.query(
    'create table bench_effects (place bigint generated always as identity, aggregate text not null, n int not null)',
  );

  const contenders = contendersOn(db, url);
  const recorder = createRecorder('events');
  say('Warming up');
  for (const { deliver } of contenders) {
    await fill(sql, plan.warmUpMs * EVENTS_PER_MS);
    await deliver();
  }
  const count = plan.durationMs * EVENTS_PER_MS;
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const { name, deliver } of round % 2 === 0 ? contenders : contenders.toReversed()) {
      await fill(sql, count);
      await sql.query('checkpoint');
      const startedAt = performance.now();
      await deliver();
      const perSecond = (count / (performance.now() - startedAt)) * 1_000;
      await verify(sql, count, name);
      recorder.add({ name, round, perSecond, p50Ms: null, p99Ms: null, cpuMicrosPerCall: null });
      say(`  round ${round + 1}  ${name.padEnd(40)} ${String(Math.round(perSecond)).padStart(6)} events/s`);
    }
  }
  const { rows } = await sql.query<Record<string, string>>(
    `select split_part(version(), ' ', 2) as "PostgreSQL", current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit`,
  );
  return { findings: findingsOf(recorder), measurements: recorder.measurements, machine: rows[0] ?? {} };
}

/** An outbox in which `count` events wait, and nothing else. */
async function fill(sql: pg.Client, count: number): Promise<void> {
  await sql.query('truncate outbox, processed_events, dead_letters, bench_effects');
  await sql.query(
    `insert into outbox (id, partition, workspace_id, name, version, aggregate_type, aggregate_id, payload, request_id)
     select gen_random_uuid(), hashtextextended(a, 0) & 63, gen_random_uuid(), 'thing.happened', 1, 'thing', a,
            jsonb_build_object('n', n, 'amount', n * 7, 'reference', 'run-' || n, 'note', repeat('x', 80)), gen_random_uuid()
       from (select 'aggregate-' || i % $2 as a, i / $2 + 1 as n from generate_series(0, $1 - 1) i order by i) given`,
    [count, AGGREGATES],
  );
  await sql.query('analyze outbox, processed_events, dead_letters');
}

/** Throws unless each event had its effect once and in order, is noted as processed and marked as published. */
async function verify(sql: pg.Client, count: number, name: string): Promise<void> {
  const { rows } = await sql.query<{ effects: number; processed: number; waiting: number; disorder: number }>(`
    select (select count(*) from bench_effects)::int as effects, (select count(*) from processed_events)::int as processed,
           (select count(*) from outbox where published_at is null)::int as waiting,
           (select count(*) from (select n, row_number() over (partition by aggregate order by place) as place from bench_effects) e
             where n <> place)::int as disorder`);
  const [{ effects, processed, waiting, disorder } = { effects: 0, processed: 0, waiting: 0, disorder: 0 }] = rows;
  // A statement over all of it has no order among its rows to keep.
  const isWrong =
    effects !== count || processed !== count || waiting !== 0 || (disorder !== 0 && name !== names.oneStatement);
  if (isWrong) throw new Error(`${name}: ${JSON.stringify({ count, effects, processed, waiting, disorder })}`);
}

function findingsOf({ rates }: Recorder): Finding[] {
  const rate = (what: string, target?: Target): Finding => ({
    ...{ suite: 'events', what, against: null, unit: '/s', value: spreadOf(rates(what)) },
    ...(target && { target }),
  });
  const beside = (what: string, against: string): Finding => ({
    ...{ suite: 'events', what, against, unit: '×', value: ratioOfRounds(rates(what), rates(against)) },
  });
  return [
    rate(names.bySets, { atLeast: 5_000 }),
    rate(names.oneByOne),
    beside(names.bySets, names.byHand),
    beside(names.oneByOne, names.byHand),
    beside(names.bySets, names.oneStatement),
  ];
}

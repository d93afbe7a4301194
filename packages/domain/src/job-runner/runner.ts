import type { Db } from '@morket/db';
import type { PgBoss } from 'pg-boss';
import { DEAD_LETTERS, type JobHandler, type ScheduleHandler } from '../job/index.ts';
import { NO_TELEMETRY, type Telemetry } from '../telemetry/index.ts';
import { attemptJob, Stopping } from './attempt.ts';
import { createBoss } from './boss.ts';
import { buryDeadLetter, fetchDeadLetters } from './dead-letters.ts';
import { fetchItems, type Item, kindOfJob, kindOfSchedule } from './kinds.ts';
import { startLane } from './lane.ts';
import { type Running, startPulse } from './pulse.ts';
import { countWaiting, declareQueues } from './run.repo.ts';
import { keepSchedules } from './schedules.ts';

const POLL_MS = 1_000;
const PULSE_MS = 1_000;
const GRACE_MS = 8_000;
const RESTART_MS = 5_000;
const BURIALS_AT_ONCE = 5;

export type JobLog = {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

export type JobRunnerOptions = {
  readonly db: Db;
  /** For the connections of pg-boss. */
  readonly databaseUrl: string;
  readonly jobs: readonly JobHandler[];
  readonly schedules?: readonly ScheduleHandler[];
  readonly log: JobLog;
  readonly telemetry?: Telemetry;
  /** How often an idle worker looks for jobs of each kind. Default 1,000. */
  readonly pollMs?: number;
  /** How often attempts tell that they live, and learn that they are cancelled. Default 1,000. */
  readonly pulseMs?: number;
  /** How long attempts may go on once the runner stops, before they are handed back. Default 8,000. */
  readonly graceMs?: number;
  /** How often somebody looks for jobs whose worker has been silent for 30 s, and for schedules whose time has come; at most 45. Default 15. */
  readonly superviseSeconds?: number;
};

/** Runs jobs and schedules until it is stopped. Any number of processes may do it at once. */
export function startJobRunner(options: JobRunnerOptions) {
  const { log } = options;
  const stopping = new AbortController();

  /** While the database cannot be reached there is nothing to run. */
  async function begin(): Promise<Awaited<ReturnType<typeof run>> | null> {
    while (!stopping.signal.aborted) {
      try {
        return await run(options);
      } catch (err) {
        log.error({ err }, 'the job runner could not start');
        await pause(RESTART_MS, stopping.signal);
      }
    }
    return null;
  }
  const started = begin();

  return {
    /** Fetches no more, lets attempts end, hands back those that do not end in time, and closes its connections. */
    stop: async () => {
      stopping.abort();
      await (await started)?.stop();
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function run(options: JobRunnerOptions) {
  const { db, databaseUrl, log, jobs, schedules = [], telemetry = NO_TELEMETRY } = options;
  const { pollMs = POLL_MS, pulseMs = PULSE_MS, graceMs = GRACE_MS, superviseSeconds } = options;
  const kinds = [...jobs.map(kindOfJob), ...schedules.map(kindOfSchedule)];
  const policies = new Map(kinds.map(({ policy }) => [policy.name, policy]));
  const running = new Set<Running>();

  const boss = createBoss({
    ...{ databaseUrl, superviseSeconds },
    onError: (err) => log.error({ err }, 'pg-boss failed'),
    onWarning: (warning) => log.warn({ warning }, 'pg-boss warns'),
  });
  await startBoss(boss);
  const onFetchError = (err: unknown) => log.error({ err }, 'jobs could not be fetched');

  const burials = startLane({
    ...{ concurrency: BURIALS_AT_ONCE, pollMs, onFetchError },
    fetch: (limit) => fetchDeadLetters(boss, limit),
    run: async (letter) => {
      await buryDeadLetter(db, letter, policies).then(
        (kind) => telemetry.count('morket_jobs_total', { kind, outcome: 'dead' }),
        // It is tried again once pg-boss misses it.
        (err: unknown) => log.error({ err, queue: DEAD_LETTERS }, 'a dead letter could not be told'),
      );
    },
  });

  async function runItem({ kind, given }: Item): Promise<void> {
    const { begun, running: mine } = given;
    const { name, timeoutSeconds } = kind.policy;
    const begunMs = performance.now();
    running.add(mine);
    const outcome = await telemetry.span(`job.run ${name}`, begun.traceparent, async (span) => {
      const outcome = await attemptJob(
        { db, boss, onError: (err, claim) => log.warn({ err, job: claim }, 'an attempt at a job failed') },
        {
          ...{ claim: mine.claim, timeoutSeconds, abort: mine.abort },
          handle: () => kind.handle(given, span.traceparent ?? begun.traceparent ?? undefined),
        },
      );
      span.set({
        ...{
          'morket.job_id': begun.id,
          'morket.job_kind': name,
          'morket.workspace_id': begun.workspaceId ?? undefined,
        },
        ...{ 'morket.attempt': begun.attempt ?? undefined, 'morket.outcome': outcome },
      });
      return outcome;
    });
    running.delete(mine);
    telemetry.count('morket_jobs_total', { kind: name, outcome });
    telemetry.observe('morket_job_seconds', (performance.now() - begunMs) / 1_000, { kind: name });
    if (outcome === 'failed') burials.wake();
  }

  const lanes = kinds.map((kind) =>
    startLane({
      ...{ concurrency: kind.policy.concurrency, pollMs, onFetchError },
      fetch: (limit) => fetchItems(db, boss, kind, limit),
      run: runItem,
    }),
  );
  const pulse = startPulse({
    ...{ db, running, everyMs: pulseMs },
    onError: (err) => log.error({ err }, 'jobs could not tell that they live'),
  });
  telemetry.gauge('morket_jobs_waiting', async () => {
    const counts = await countWaiting(db, [...policies.keys()]);
    return counts.map(({ kind, state, count }) => ({ value: count, labels: { kind, state } }));
  });

  async function startBoss(boss: PgBoss): Promise<void> {
    try {
      await declareQueues(db, [...policies.values()]);
      await boss.start();
      await keepSchedules(
        boss,
        schedules.map(({ definition }) => definition),
      );
    } catch (err) {
      await boss.stop({ graceful: false }).catch(() => undefined);
      throw err;
    }
  }

  async function stop(): Promise<void> {
    await Promise.all([...lanes, burials].map((lane) => lane.close()));
    const abort = setTimeout(() => {
      for (const { abort } of running) abort.abort(new Stopping());
    }, graceMs);
    await Promise.all([...lanes, burials].map((lane) => lane.idle()));
    clearTimeout(abort);
    await pulse.stop();
    await boss.stop();
  }

  return { stop };
}

import { PgBoss } from 'pg-boss';

/** Of a process; statements are few and short. */
const CONNECTIONS = 3;
/** How often somebody looks for jobs whose worker is gone, and for schedules whose time has come. */
const SUPERVISE_SECONDS = 15;
/** For parts of pg-boss that nothing here uses. */
const DAY_SECONDS = 86_400;

/**
 * Jobs are found in the order of an index. A planner that has not yet seen a sudden backlog would rather sort the whole of it, for every
 * fetch: measured with 20,000 jobs, fifteen times the time.
 */
const SETTINGS = '-c enable_seqscan=off -c enable_bitmapscan=off -c enable_sort=off';

function withSettings(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  const given = url.searchParams.get('options');
  url.searchParams.set('options', given === null ? SETTINGS : `${given} ${SETTINGS}`);
  return url.href;
}

type Options = {
  readonly databaseUrl: string;
  readonly superviseSeconds?: number | undefined;
  /** It hands out jobs and does nothing by itself. Default false. */
  readonly isPassive?: boolean;
  onError(err: unknown): void;
  onWarning(warning: unknown): void;
};

/**
 * pg-boss on connections of its own, which hands out jobs, fires schedules and takes jobs from workers that are gone. It polls: NOTIFY would
 * make every commit that enqueues wait for every other one. It refuses to start on a schema of another version; our migrations make it.
 */
export function createBoss(options: Options): PgBoss {
  const { databaseUrl, superviseSeconds = SUPERVISE_SECONDS, isPassive = false, onError, onWarning } = options;
  const boss = new PgBoss({
    ...{ connectionString: withSettings(databaseUrl), max: CONNECTIONS, application_name: 'morket-jobs' },
    ...{ migrate: false, createSchema: false, useListenNotify: false },
    ...{ supervise: !isPassive, schedule: !isPassive },
    ...{ superviseIntervalSeconds: superviseSeconds, monitorIntervalSeconds: superviseSeconds },
    ...{ cronMonitorIntervalSeconds: superviseSeconds, cronWorkerIntervalSeconds: Math.min(superviseSeconds, 5) },
    ...{ bamIntervalSeconds: DAY_SECONDS, flowIntervalSeconds: DAY_SECONDS },
  });
  boss.on('error', onError);
  boss.on('warning', onWarning);
  return boss;
}

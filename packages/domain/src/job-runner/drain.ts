import type { JobHandler } from '../job/index.ts';
import { attemptJob } from './attempt.ts';
import { createBoss } from './boss.ts';
import { fetchItems, type Item, kindOfJob } from './kinds.ts';
import { countWaiting, declareQueues } from './run.repo.ts';
import type { JobRunnerOptions } from './runner.ts';

type Options = Pick<JobRunnerOptions, 'db' | 'databaseUrl' | 'log'> & { readonly jobs: readonly JobHandler[] };

/**
 * Makes one attempt at every job that is due, and at those which come of them, and ends. Attempts do not tell that they live: what takes
 * longer than half a minute may be taken over by a runner. What fails waits for its next time.
 */
export async function drainJobs({ db, databaseUrl, log, jobs }: Options): Promise<void> {
  const kinds = jobs.map(kindOfJob);
  const policies = kinds.map(({ policy }) => policy);
  const names = policies.map(({ name }) => name);
  if ((await countWaiting(db, names)).length === 0) return;
  const boss = createBoss({
    ...{ databaseUrl, isPassive: true },
    onError: (err) => log.error({ err }, 'pg-boss failed'),
    onWarning: (warning) => log.warn({ warning }, 'pg-boss warns'),
  });

  const attempt = ({ kind, given }: Item) => {
    const { claim, abort } = given.running;
    return attemptJob(
      { db, boss, onError: (err, job) => log.warn({ err, job }, 'an attempt at a job failed') },
      { claim, abort, timeoutSeconds: kind.policy.timeoutSeconds, handle: () => kind.handle(given) },
    );
  };

  try {
    await declareQueues(db, policies);
    await boss.start();
    for (let done = -1; done !== 0; ) {
      done = 0;
      for (const kind of kinds) {
        const items = await fetchItems(db, boss, kind, kind.policy.concurrency);
        await Promise.all(items.map(attempt));
        done += items.length;
      }
    }
  } finally {
    await boss.stop({ graceful: false });
  }
}

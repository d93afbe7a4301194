import { sweepSubmissions } from '@morket/domain/form';
import { sweep } from '@morket/domain/housekeeping';
import { defineSchedule, handleSchedule } from '@morket/domain/job';
import { sweepJobs } from '@morket/domain/job-runner';
import { sweepWebhooks } from '@morket/domain/webhook';
import type { WorkerDeps } from './compose.ts';

const Housekeeping = defineSchedule({ name: 'housekeeping.sweep', cron: '7 * * * *', retries: 2 });

/** Removes what has expired, once an hour among all workers. */
export const housekeeping = ({ db, log }: Pick<WorkerDeps, 'db' | 'log'>) =>
  handleSchedule(Housekeeping, async () => {
    const [jobs, webhooks, submissions] = [await sweepJobs(db), await sweepWebhooks(db), await sweepSubmissions(db)];
    log.debug({ ...(await sweep(db)), jobs, webhooks, submissions }, 'housekeeping');
  });

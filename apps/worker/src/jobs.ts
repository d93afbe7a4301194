import { createMail } from '@morket/api/mail';
import type { JobHandler, ScheduleHandler } from '@morket/domain/job';
import { drainJobs, startJobRunner } from '@morket/domain/job-runner';
import type { MailPort } from '@morket/domain/mail';
import { NO_TELEMETRY } from '@morket/domain/telemetry';
import { mailInvitation } from '@morket/domain/workspace';
import type { WorkerDeps } from './compose.ts';
import { housekeeping } from './housekeeping.ts';
import type { Loop } from './loop.ts';

/** What is done when it has been asked for. */
const jobsOf = ({ db, configuration }: WorkerDeps, mail: MailPort): readonly JobHandler[] => [
  mailInvitation({ db, mail, jwtSecret: configuration.jwtSecret }),
];

/** What is done at the times of a clock, once among all workers. */
const schedulesOf = (deps: WorkerDeps): readonly ScheduleHandler[] => [housekeeping(deps)];

/** Runs jobs and schedules. */
export const jobsLoop = (deps: WorkerDeps): Loop => ({
  name: 'jobs',
  start: () => {
    const { db, databaseUrl, log, telemetry = NO_TELEMETRY } = deps;
    const mail = createMail(deps.configuration);
    const [jobs, schedules] = [jobsOf(deps, mail), schedulesOf(deps)];
    const runner = startJobRunner({ db, databaseUrl, log, telemetry, jobs, schedules });
    return { stop: () => runner.stop().finally(mail.close) };
  },
});

/** Does what has been asked for and is due, without a loop. */
export async function runDueJobs(deps: WorkerDeps): Promise<void> {
  const { db, databaseUrl, log } = deps;
  const mail = createMail(deps.configuration);
  await drainJobs({ db, databaseUrl, log, jobs: jobsOf(deps, mail) }).finally(mail.close);
}

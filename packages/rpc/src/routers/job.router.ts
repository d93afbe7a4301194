import { Job, JobInput, JobIsOver, JobNotFound, JobNotRetryable, JobPage, ListJobsInput } from '@morket/contract/job';
import { workspaceProcedure } from '../procedures/index.ts';
import { t } from '../trpc.ts';

const JOBS = '/workspaces/{workspaceId}/jobs';
const JOB = `${JOBS}/{jobId}` as const;

export const jobRouter = t.router({
  list: workspaceProcedure('job:read')
    .meta({ rest: { method: 'GET', path: JOBS }, summary: 'Background jobs of the last 30 days, newest first' })
    .input(ListJobsInput)
    .output(JobPage)
    .query(({ ctx, input }) => ctx.services.jobs.list(ctx.scope, input)),
  get: workspaceProcedure('job:read')
    .meta({ rest: { method: 'GET', path: JOB }, summary: 'One job with its progress', errors: [JobNotFound] })
    .input(JobInput)
    .output(Job)
    .query(({ ctx, input }) => ctx.services.jobs.get(ctx.scope, input)),
  cancel: workspaceProcedure('job:manage')
    .meta({
      rest: { method: 'POST', path: `${JOB}/cancel` },
      summary: 'End a job before its time; what it has not committed by then never takes effect',
      errors: [JobNotFound, JobIsOver],
    })
    .input(JobInput)
    .output(Job)
    .mutation(({ ctx, input }) => ctx.services.jobs.cancel(ctx.scope, input)),
  retry: workspaceProcedure('job:manage')
    .meta({
      rest: { method: 'POST', path: `${JOB}/retry` },
      summary: 'Take up a job that failed or was cancelled, with all its attempts',
      errors: [JobNotFound, JobNotRetryable],
    })
    .input(JobInput)
    .output(Job)
    .mutation(({ ctx, input }) => ctx.services.jobs.retry(ctx.scope, input)),
});

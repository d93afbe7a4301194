import { z } from 'zod';
import { defineEvent } from '../events/index.ts';

const onJob = { version: 1, aggregateType: 'job' } as const;
const kind = z.string();
const attempts = z.int();

export const JobFailed = defineEvent('job.failed', {
  ...onJob,
  payload: z.object({ kind, attempts, error: z.object({ code: z.string(), message: z.string() }) }),
  example: {
    ...{ kind: 'enrichment.run', attempts: 4 },
    error: { code: 'job.timed_out', message: 'The job took longer than 300 s.' },
  },
  summary: 'A job used up its attempts, or could not be run at all; it is not tried again by itself.',
});
export const JobCancelled = defineEvent('job.cancelled', {
  ...onJob,
  payload: z.object({ kind, attempts }),
  example: { kind: 'enrichment.run', attempts: 1 },
  summary: 'A job was cancelled by somebody; what it had not committed by then never takes effect.',
});
export const JobRetried = defineEvent('job.retried', {
  ...onJob,
  payload: z.object({ kind, attempts }),
  example: { kind: 'enrichment.run', attempts: 4 },
  summary: 'A job that had failed or been cancelled was taken up again by somebody.',
});

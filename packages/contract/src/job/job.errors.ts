import { z } from 'zod';
import { defineError } from '../errors/index.ts';
import { JobState } from './job.schema.ts';

export const JobNotFound = defineError('job.not_found', {
  kind: 'notFound',
  details: z.object({}),
  message: 'There is no such job.',
  remedy: 'List the jobs of the workspace; those that are over go after 30 days.',
});

export const JobIsOver = defineError('job.is_over', {
  kind: 'conflict',
  details: z.object({ state: JobState.extract(['succeeded', 'failed', 'cancelled']) }),
  message: ({ state }) => `The job is over already: it has ${state === 'cancelled' ? 'been cancelled' : state}.`,
  remedy: 'Only a job that is queued, running or retrying can be cancelled.',
});

export const JobNotRetryable = defineError('job.not_retryable', {
  kind: 'conflict',
  details: z.object({ state: JobState.exclude(['failed', 'cancelled']) }),
  message: ({ state }) => `A job that ${state === 'succeeded' ? 'has succeeded' : `is ${state}`} cannot be retried.`,
  remedy: 'Only a job that failed or was cancelled can be retried.',
});

export const JobTimedOut = defineError('job.timed_out', {
  kind: 'internal',
  details: z.object({ timeoutSeconds: z.int().meta({ examples: [300] }) }),
  message: ({ timeoutSeconds }) => `The job took longer than ${timeoutSeconds} s.`,
  remedy: 'Read it in the `error` of a job. Retry the job; if it happens again, split the work.',
});

export const JobInterrupted = defineError('job.interrupted', {
  kind: 'internal',
  details: z.object({}),
  message: 'The worker was lost while the job ran.',
  remedy:
    'Read it in the `error` of a job. Retry the job; if it happens again, the worker runs out of memory or is killed.',
});

export const JobPayloadInvalid = defineError('job.payload_invalid', {
  kind: 'internal',
  details: z.object({
    kind: z.string().meta({ examples: ['enrichment.run'] }),
    issues: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .max(20)
      .meta({ examples: [[{ path: 'runId', message: 'Invalid UUID' }]] }),
  }),
  message: ({ kind }) => `What a job of the kind ${kind} was given to work on is not valid.`,
  remedy: 'Report the job: another version of the product may have made it.',
});

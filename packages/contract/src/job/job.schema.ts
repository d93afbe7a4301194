import { z } from 'zod';
import { Id, line, PageInput, pageOf } from '../primitives/index.ts';

/**
 * `queued` waits for its time or for a worker, `retrying` for its next attempt. The last three are over, but a failed or cancelled job can
 * be taken up again.
 */
export const JobState = z.enum(['queued', 'running', 'retrying', 'succeeded', 'failed', 'cancelled']);
export type JobState = z.infer<typeof JobState>;

const JobKind = line(100).meta({ examples: ['enrichment.run'] });

/** A piece of background work. What it was given to work on is not told: it may hold what the reader of a list should not see. */
export const Job = z.object({
  id: Id,
  workspaceId: Id,
  kind: JobKind,
  state: JobState,
  attempts: z.int().meta({ examples: [1] }),
  /** The attempt after which it has failed. */
  maxAttempts: z.int().meta({ examples: [4] }),
  progress: z.object({
    percent: z
      .int()
      .nullable()
      .meta({ examples: [40] }),
    note: z
      .string()
      .nullable()
      .meta({ examples: ['400 of 1,000 contacts'] }),
  }),
  /** What ended the last attempt that went wrong. */
  error: z
    .object({
      code: z.string().meta({ examples: ['job.timed_out'] }),
      message: z.string().meta({ examples: ['The job took longer than 300 s.'] }),
    })
    .nullable(),
  /** The person whose request it follows from; null where nobody asked for it. */
  createdBy: Id.nullable(),
  createdAt: z.date(),
  /** It does not run before; while it is retrying, that is the time of the next attempt. */
  runAt: z.date(),
  /** Of the last attempt. */
  startedAt: z.date().nullable(),
  finishedAt: z.date().nullable(),
});
export type Job = z.infer<typeof Job>;

export const ListJobsInput = z
  .object({ ...PageInput.unwrap().shape, kind: JobKind.optional(), state: JobState.optional() })
  .prefault({});
export type ListJobsInput = z.infer<typeof ListJobsInput>;
export const JobPage = pageOf(Job);

export const JobInput = z.object({ jobId: Id });
export type JobInput = z.infer<typeof JobInput>;

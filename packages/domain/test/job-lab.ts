import { defineJob, enqueueIn, type JobHandler, type ScheduleHandler } from '@morket/domain/job';
import { type JobRunnerOptions, startJobRunner } from '@morket/domain/job-runner';
import type { World } from '@morket/testing';
import { z } from 'zod';

/** What jobs of the tests work on. */
const Payload = z.object({ label: z.string().max(100) });
type Payload = z.infer<typeof Payload>;

let kinds = 0;
/** A kind of its own for each test: what one leaves waiting must not run in another. */
export const aJob = (policy: Partial<ReturnType<typeof defineJob<Payload>>> = {}) => {
  kinds += 1;
  return defineJob({ name: `test.kind${kinds}`, payload: Payload, backoffSeconds: 0, ...policy });
};

export const enqueue = (
  world: World,
  job: ReturnType<typeof aJob>,
  workspaceId: string,
  options: Partial<Parameters<typeof enqueueIn>[3]> & { readonly label?: string } = {},
): Promise<string> => {
  const { label = 'x', ...rest } = options;
  return world.db.transaction((tx) => enqueueIn(tx, job, { label }, { workspaceId, ...rest }));
};

/** What a runner said while it ran. */
type Said = { readonly level: 'warn' | 'error'; readonly fields: object; readonly message: string };

/** A worker's runner, quick to look. */
export function aRunner(
  world: World,
  jobs: readonly JobHandler[],
  options: Partial<JobRunnerOptions> & { readonly schedules?: readonly ScheduleHandler[] } = {},
) {
  const said: Said[] = [];
  const runner = startJobRunner({
    ...{ db: world.db, databaseUrl: world.databaseUrl, jobs, pollMs: 50, pulseMs: 50 },
    log: {
      warn: (fields, message) => void said.push({ level: 'warn', fields, message }),
      error: (fields, message) => void said.push({ level: 'error', fields, message }),
    },
    ...options,
  });
  return { said, stop: () => runner.stop() };
}

/** A promise, and what resolves it. */
export const aSignal = () => Promise.withResolvers<void>();

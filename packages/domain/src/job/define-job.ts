import { JobPayloadInvalid } from '@morket/contract/job';
import type { z } from 'zod';
import type { JobRun } from './job-run.ts';

/** How a kind of work is run. */
export type RunPolicy = {
  /** Attempts beside the first. Default 3. */
  readonly retries: number;
  /** The second attempt waits between this and twice this, by chance; both bounds double with each further one. Default 5; at least 1. */
  readonly backoffSeconds: number;
  /** The longest delay between two attempts. Default 3,600. */
  readonly maxBackoffSeconds: number;
  /** After which an attempt is aborted and counts as failed. Default 300. */
  readonly timeoutSeconds: number;
  /** How many run at once in one process. Default 5. */
  readonly concurrency: number;
};

/** One kind of background work of a workspace. */
export type JobDefinition<Payload = unknown> = RunPolicy & {
  readonly name: string;
  readonly payload: z.ZodType<Payload, Payload>;
  /** How many of one workspace run at once in all processes, so that none starves the rest; a moment's overshoot is possible. Default 2. */
  readonly perWorkspace: number;
};

/** Work of the platform itself, at the times of a clock. */
export type ScheduleDefinition = RunPolicy & {
  readonly name: string;
  /** Five fields. Runs of one time are made once, by whichever worker comes first; a time at which no worker was up is passed over. */
  readonly cron: string;
  /** IANA name; default `UTC`. */
  readonly timeZone: string;
};

export type JobHandler = {
  readonly definition: JobDefinition;
  run(payload: unknown, run: JobRun): Promise<void>;
};

export type ScheduleHandler = {
  readonly definition: ScheduleDefinition;
  run(run: Pick<JobRun, 'signal' | 'claim'>): Promise<void>;
};

const DEFAULTS: RunPolicy = {
  ...{ retries: 3, backoffSeconds: 5, maxBackoffSeconds: 3_600, timeoutSeconds: 300, concurrency: 5 },
};
/** What pg-boss takes as the name of a queue. */
const NAME = /^[a-z][\w-]*\.[a-z][\w-]*$/i;
const FIVE_FIELDS = /^\S+( \S+){4}$/;

function assertName(name: string): void {
  if (!NAME.test(name)) throw new Error(`"${name}" is no name for a job: it has the form domain.verb.`);
}

/**
 * Declares a kind of job. `payload` holds plain JSON of the same form before and after parsing, and no secrets: it is stored as it is.
 * The name is stored too: one that was used is never given to another kind.
 */
export function defineJob<Payload>(
  given: Pick<JobDefinition<Payload>, 'name' | 'payload'> & Partial<JobDefinition<Payload>>,
): JobDefinition<Payload> {
  assertName(given.name);
  const definition = { perWorkspace: 2, ...DEFAULTS, ...given };
  return { ...definition, perWorkspace: Math.min(definition.perWorkspace, definition.concurrency) };
}

/** Declares what runs at the times of a clock. What it finds to do for a workspace, it enqueues as a job of that workspace. */
export function defineSchedule(
  given: Pick<ScheduleDefinition, 'name' | 'cron'> & Partial<ScheduleDefinition>,
): ScheduleDefinition {
  assertName(given.name);
  // With a field for seconds pg-boss would fire twice in a minute that begins in between.
  if (!FIVE_FIELDS.test(given.cron)) throw new Error(`The schedule ${given.name} needs a cron line of five fields.`);
  return { timeZone: 'UTC', ...DEFAULTS, concurrency: 1, ...given };
}

/** Says how jobs of a kind are done; the worker runs the handlers that its `compose.ts` lists. */
export function handleJob<Payload>(
  definition: JobDefinition<Payload>,
  handle: (payload: Payload, run: JobRun) => Promise<void>,
): JobHandler {
  // Parsed by the very schema that types it.
  return {
    definition: definition as JobDefinition,
    run: (payload, run) => handle(parsePayload(definition, payload), run),
  };
}

export const handleSchedule = (definition: ScheduleDefinition, run: ScheduleHandler['run']): ScheduleHandler => ({
  ...{ definition, run },
});

/** Throws `job.payload_invalid`. */
export function parsePayload<Payload>(definition: JobDefinition<Payload>, payload: unknown): Payload {
  const parsed = definition.payload.safeParse(payload);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 20).map(({ path, message }) => ({ path: path.join('.'), message }));
  throw JobPayloadInvalid({ kind: definition.name, issues });
}

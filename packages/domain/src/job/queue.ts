import { Prisma } from '@morket/db';
import type { RunPolicy } from './define-job.ts';

/** Where pg-boss puts jobs that used up their attempts; made by the migration. */
export const DEAD_LETTERS = 'dead-letters';

/** How long a job that is over can be read and taken up again. */
export const KEPT_SECONDS = 30 * 86_400;
/** How long a job waits, beyond its time, for a worker that knows its kind. */
const RETENTION_SECONDS = 365 * 86_400;

/** A worker that is silent for longer is taken for dead, and its jobs begin anew. */
const HEARTBEAT_SECONDS = 30;
/** The runner ends an attempt in time by itself; pg-boss, later, what no runner ends. */
const EXPIRY_MARGIN_SECONDS = 60;

/** The queue of a kind as pg-boss keeps it, as a SELECT of one row. */
export const queueOf = (kind: RunPolicy & { readonly name: string }): Prisma.Sql => Prisma.sql`
  select ${kind.name}::text as name, 'standard' as policy, ${kind.retries}::int as retry_limit,
         ${kind.backoffSeconds}::int as retry_delay, true as retry_backoff, ${kind.maxBackoffSeconds}::int as retry_delay_max,
         ${kind.timeoutSeconds + EXPIRY_MARGIN_SECONDS}::int as expire_seconds, ${RETENTION_SECONDS}::int as retention_seconds,
         ${KEPT_SECONDS}::int as deletion_seconds, ${DEAD_LETTERS}::text as dead_letter, false as partition,
         'job_common' as table_name, ${HEARTBEAT_SECONDS}::int as heartbeat_seconds`;

/** The columns of `queueOf`, in its order. */
export const QUEUE_COLUMNS = Prisma.sql`
  name, policy, retry_limit, retry_delay, retry_backoff, retry_delay_max, expire_seconds, retention_seconds, deletion_seconds,
  dead_letter, partition, table_name, heartbeat_seconds`;

import type { Job, ListJobsInput } from '@morket/contract/job';
import type { Reader, Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';

type JobRow = NonNullable<Awaited<ReturnType<Reader['job']['findUnique']>>>;

export const toJobDto = (row: JobRow): Job => ({
  id: row.id,
  workspaceId: row.workspaceId,
  kind: row.kind,
  state: row.state,
  attempts: row.attempts,
  maxAttempts: row.maxAttempts,
  progress: { percent: row.percent, note: row.note },
  error: row.errorCode === null ? null : { code: row.errorCode, message: row.errorMessage ?? '' },
  createdBy: row.actorId,
  createdAt: row.createdAt,
  runAt: row.runAt,
  startedAt: row.startedAt,
  finishedAt: row.finishedAt,
});

/** Jobs, newest first. */
export async function listJobs(reader: Reader, scope: WorkspaceScope, input: ListJobsInput) {
  const { page, limit, kind, state } = input;
  const where = {
    workspaceId: scope.workspaceId,
    ...(kind !== undefined && { kind }),
    ...(state !== undefined && { state }),
  };
  const [rows, total] = await Promise.all([
    reader.job.findMany({
      where,
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      skip: (page - 1) * limit,
      take: limit,
    }),
    reader.job.count({ where }),
  ]);
  return { items: rows.map(toJobDto), total };
}

export function findJob(reader: Reader, scope: WorkspaceScope, id: string): Promise<JobRow | null> {
  return reader.job.findUnique({ where: { workspaceId_id: { workspaceId: scope.workspaceId, id } } });
}

/**
 * Locks what pg-boss holds of a job, then the job: the order in which attempts end, so that nobody waits in a circle. Null: there is no
 * such job.
 */
export async function lockJob(tx: Tx, scope: WorkspaceScope, id: string): Promise<JobRow | null> {
  const seen = await findJob(tx, scope, id);
  if (!seen) return null;
  await tx.$queryRaw`select id from pgboss.job where name = ${seen.kind} and id = ${id}::uuid for update`;
  await tx.$queryRaw`
    select id from jobs where workspace_id = ${scope.workspaceId}::uuid and id = ${id}::uuid for update`;
  return findJob(tx, scope, id);
}

/** From here on no attempt can complete it, and none begins. */
export async function cancel(tx: Tx, { workspaceId, id, kind }: JobRow): Promise<void> {
  await tx.$executeRaw`
    with told as (
      update jobs set state = 'cancelled', finished_at = clock_timestamp()
       where workspace_id = ${workspaceId}::uuid and id = ${id}::uuid)
    update pgboss.job set state = 'cancelled', completed_on = now()
     where name = ${kind} and id = ${id}::uuid and state < 'completed'`;
}

/** Takes it up again with all its attempts; whether there was anything left to take up. */
export async function requeue(tx: Tx, { workspaceId, id, kind }: JobRow): Promise<boolean> {
  const requeued = await tx.$executeRaw`
    with again as (
      update pgboss.job set state = 'created', retry_count = 0, start_after = now(), started_on = null, heartbeat_on = null,
                            completed_on = null, output = null
       where name = ${kind} and id = ${id}::uuid and state in ('failed', 'cancelled')
      returning retry_limit)
    update jobs set state = 'queued', dedupe_key = null, max_attempts = attempts + again.retry_limit + 1, run_at = now(),
                    finished_at = null, percent = null, note = null
      from again where workspace_id = ${workspaceId}::uuid and id = ${id}::uuid`;
  return requeued === 1;
}

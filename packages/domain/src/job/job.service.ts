import {
  type Job,
  JobCancelled,
  type JobInput,
  JobIsOver,
  JobNotFound,
  JobNotRetryable,
  JobRetried,
  type ListJobsInput,
} from '@morket/contract/job';
import type { Page } from '@morket/contract/primitives';
import type { Db, Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import { once } from '../idempotency/index.ts';
import { record } from '../record/index.ts';
import * as repo from './job.repo.ts';

/** What a workspace sees of its background work, and what it can do about it. */
export function createJobService({ db }: { readonly db: Db }) {
  async function list(scope: WorkspaceScope, input: ListJobsInput): Promise<Page<Job>> {
    const { items, total } = await repo.listJobs(db.read, scope, input);
    return { items, page: input.page, limit: input.limit, total };
  }

  /** Throws `job.not_found`. */
  async function get(scope: WorkspaceScope, { jobId }: JobInput): Promise<Job> {
    const row = await repo.findJob(db.read, scope, jobId);
    if (!row) throw JobNotFound({});
    return repo.toJobDto(row);
  }

  async function reread(tx: Tx, scope: WorkspaceScope, jobId: string): Promise<Job> {
    const row = await repo.findJob(tx, scope, jobId);
    if (!row) throw JobNotFound({});
    return repo.toJobDto(row);
  }

  /**
   * Ends a job before its time. An attempt under way is told within seconds; what it has not committed by now it cannot commit any more.
   * Throws `job.not_found` and `job.is_over`.
   */
  async function cancel(scope: WorkspaceScope, { jobId }: JobInput): Promise<Job> {
    return once(db, scope, async (tx) => {
      const before = await repo.lockJob(tx, scope, jobId);
      if (!before) throw JobNotFound({});
      const { state, kind, attempts } = before;
      if (state === 'succeeded' || state === 'failed' || state === 'cancelled') throw JobIsOver({ state });
      await repo.cancel(tx, before);
      await record(tx, scope, JobCancelled(jobId, { kind, attempts }), {
        before: { state },
        after: { state: 'cancelled' },
      });
      return reread(tx, scope, jobId);
    });
  }

  /** Takes up a job again, with all its attempts. Throws `job.not_found` and `job.not_retryable`. */
  async function retry(scope: WorkspaceScope, { jobId }: JobInput): Promise<Job> {
    return once(db, scope, async (tx) => {
      const before = await repo.lockJob(tx, scope, jobId);
      if (!before) throw JobNotFound({});
      const { state, kind, attempts } = before;
      if (state !== 'failed' && state !== 'cancelled') throw JobNotRetryable({ state });
      // What it was to work on is forgotten a moment before the job itself is.
      if (!(await repo.requeue(tx, before))) throw JobNotFound({});
      await record(tx, scope, JobRetried(jobId, { kind, attempts }), { before: { state }, after: { state: 'queued' } });
      return reread(tx, scope, jobId);
    });
  }

  return { list, get, cancel, retry };
}

export type JobService = ReturnType<typeof createJobService>;

import { Prisma, type Reader, type Tx } from '@morket/db';
import type { Acting } from '../access/index.ts';

/** One attempt at a job, and what tells it from any other attempt at the same one. */
export type Claim = {
  readonly kind: string;
  readonly id: string;
  /** Null for what the platform itself does by the clock. */
  readonly workspaceId: string | null;
  /** When the attempt began, in seconds, as exact as PostgreSQL is. */
  readonly begunAt: string;
};

/** What a handler gets beside its payload. */
export type JobRun = {
  readonly id: string;
  readonly workspaceId: string;
  /** Counts from 1, over retries by hand too. */
  readonly attempt: number;
  /** Fires when the job is cancelled, takes too long, was taken over, or the worker has no more time to stop. */
  readonly signal: AbortSignal;
  /** In whose name the handler writes. */
  readonly acting: Acting & { readonly workspaceId: string };
  /** Notes how far it is; stored about once a second. */
  progress(percent: number | null, note?: string): void;
  readonly claim: Claim;
};

/** The job is not this attempt's any more: cancelled, or taken over by another worker. */
export class JobLost extends Error {
  constructor({ kind, id }: Claim) {
    super(`The job ${kind} ${id} is not ours any more.`);
    this.name = 'JobLost';
  }
}

/** Ends a job for good, without the attempts that are left; `cause` is what its workspace reads where it is an error of the catalogue. */
export class GiveUp extends Error {
  constructor(cause: unknown) {
    super('There is no use in trying again.', { cause });
    this.name = 'GiveUp';
  }
}

/** The row of pg-boss that this attempt holds. */
export const held = ({ kind, id, begunAt }: Claim): Prisma.Sql => Prisma.sql`
  name = ${kind} and id = ${id}::uuid and state = 'active' and extract(epoch from started_on) = ${begunAt}::numeric`;

/**
 * Marks the job as done in the transaction of its effect: both happen, once, or neither. Call it as the last statement. Throws `JobLost`
 * when the attempt has lost the job; let it roll the effect back.
 */
export async function completeIn(tx: Tx, run: { readonly claim: Claim }): Promise<void> {
  if (!(await complete(tx, run.claim))) throw new JobLost(run.claim);
  completedByHandler.add(run.claim);
}

/** The commit may still have failed; whoever asks looks again. */
const completedByHandler = new WeakSet<Claim>();
export const isCompletedByHandler = (claim: Claim): boolean => completedByHandler.has(claim);

/** Whether the attempt still held the job, which is done now. */
export async function complete(reader: Reader, claim: Claim): Promise<boolean> {
  const [row] = await reader.$queryRaw<{ done: boolean }[]>`
    with done as (delete from pgboss.job where ${held(claim)} returning id),
    told as (
      update jobs set state = 'succeeded', finished_at = clock_timestamp(), error_code = null, error_message = null
       where workspace_id = ${claim.workspaceId}::uuid and id in (select id from done))
    select exists (select from done) as done`;
  return row?.done === true;
}

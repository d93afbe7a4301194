import type { Db, Reader, Tx } from '@morket/db';
import { type Claim, held, KEPT_SECONDS, QUEUE_COLUMNS, queueOf, type RunPolicy } from '../job/index.ts';
import type { PublicError } from './public-error.ts';

type Kind = RunPolicy & { readonly name: string };

/** Tells pg-boss of the kinds, and of what has changed about them. */
export async function declareQueues(db: Db, kinds: readonly Kind[]): Promise<void> {
  for (const kind of kinds) {
    await db.read.$executeRaw`
      insert into pgboss.queue (${QUEUE_COLUMNS}) ${queueOf(kind)}
      on conflict (name) do update set
        retry_limit = excluded.retry_limit, retry_delay = excluded.retry_delay, retry_backoff = excluded.retry_backoff,
        retry_delay_max = excluded.retry_delay_max, expire_seconds = excluded.expire_seconds,
        retention_seconds = excluded.retention_seconds, deletion_seconds = excluded.deletion_seconds,
        dead_letter = excluded.dead_letter, heartbeat_seconds = excluded.heartbeat_seconds, updated_on = now()`;
  }
}

export type Begun = {
  readonly id: string;
  readonly begunAt: string;
  readonly workspaceId: string | null;
  /** Null where its workspace does not want it any more, or is gone. */
  readonly attempt: number | null;
  readonly actorId: string | null;
  readonly requestId: string | null;
  readonly traceparent: string | null;
};

/** Notes that attempts at the fetched jobs of a kind begin. Those of a workspace that has been deleted do not. */
export const begin = (db: Db, kind: string, ids: readonly string[]): Promise<Begun[]> => db.read.$queryRaw<Begun[]>`
  with mine as (
    select id, group_id::uuid as workspace_id, extract(epoch from started_on)::text as begun_at
      from pgboss.job where name = ${kind} and id = any (${ids}::uuid[]) and state = 'active'),
  begun as (
    update jobs j set state = 'running', attempts = attempts + 1, started_at = clock_timestamp(), percent = null, note = null
      from mine join workspaces w on w.id = mine.workspace_id and w.deleted_at is null
     where j.workspace_id = mine.workspace_id and j.id = mine.id and j.state in ('queued', 'retrying', 'running')
    returning j.id, j.attempts, j.actor_id, j.request_id, j.traceparent)
  select mine.id, mine.begun_at as "begunAt", mine.workspace_id as "workspaceId", begun.attempts as attempt,
         begun.actor_id as "actorId", begun.request_id as "requestId", begun.traceparent
    from mine left join begun using (id)`;

/** Holds what pg-boss has of this attempt to the end of the transaction; false: it is not ours any more. */
export async function hold(tx: Tx, claim: Claim): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`select 1 from pgboss.job where ${held(claim)} for update`;
  return rows.length > 0;
}

/** The next failure is the last. */
export async function forgoRetries(tx: Tx, claim: Claim): Promise<void> {
  await tx.$executeRaw`update pgboss.job set retry_count = retry_limit where ${held(claim)}`;
}

/** To be called when pg-boss has noted the failure: when it is tried again, pg-boss knows. */
export async function tellFailure(tx: Tx, { kind, id, workspaceId }: Claim, error: PublicError): Promise<void> {
  await tx.$executeRaw`
    update jobs set state = 'retrying', error_code = ${error.code}, error_message = ${error.message},
                    run_at = coalesce((select start_after from pgboss.job where name = ${kind} and id = ${id}::uuid), run_at)
     where workspace_id = ${workspaceId}::uuid and id = ${id}::uuid`;
}

/** Ends a job whose workspace is gone. */
export async function abandon(db: Db, claim: Claim): Promise<void> {
  await db.read.$executeRaw`
    with gone as (delete from pgboss.job where ${held(claim)})
    update jobs set state = 'cancelled', finished_at = clock_timestamp()
     where workspace_id = ${claim.workspaceId}::uuid and id = ${claim.id}::uuid and state in ('queued', 'retrying', 'running')`;
}

/** Gives a job back as if it had not been begun. */
export async function handBack(db: Db, claim: Claim): Promise<void> {
  await db.read.$executeRaw`
    with back as (
      update pgboss.job set state = 'created', started_on = null, heartbeat_on = null where ${held(claim)} returning id)
    update jobs set state = 'queued', dedupe_key = null, attempts = attempts - 1
     where workspace_id = ${claim.workspaceId}::uuid and id in (select id from back)`;
}

export type Sign = { readonly claim: Claim; readonly percent: number | null; readonly note: string | null };

/**
 * Says of attempts under way that they live and how far they are; gives the ids of those that still hold their jobs. Rows that somebody
 * has locked are passed over: they are just being completed or cancelled.
 */
export async function beat(db: Db, signs: readonly Sign[]): Promise<ReadonlySet<string>> {
  const json = JSON.stringify(
    signs.map(({ claim, percent, note }) => ({
      ...{ n: claim.kind, id: claim.id, w: claim.workspaceId, b: claim.begunAt, p: percent, t: note },
    })),
  );
  const rows = await db.read.$queryRaw<{ id: string }[]>`
    with asked as materialized (
      select * from json_to_recordset(${json}::json) as x (n text, id uuid, w uuid, b numeric, p int, t text)),
    held as materialized (
      select j.name, j.id from pgboss.job j join asked on j.name = asked.n and j.id = asked.id
       where j.state = 'active' and extract(epoch from j.started_on) = asked.b),
    alive as (
      update pgboss.job j set heartbeat_on = now()
        from (select k.name, k.id from pgboss.job k join held on k.name = held.name and k.id = held.id
               where k.state = 'active' for update of k skip locked) mine
       where j.name = mine.name and j.id = mine.id and j.state = 'active'),
    far as (
      update jobs j set percent = mine.p, note = mine.t
        from (select k.workspace_id, k.id, asked.p, asked.t from jobs k join asked on k.workspace_id = asked.w and k.id = asked.id
               where k.state = 'running' and (k.percent, k.note) is distinct from (asked.p, asked.t)
                 for update of k skip locked) mine
       where j.workspace_id = mine.workspace_id and j.id = mine.id)
    select id from held`;
  return new Set(rows.map(({ id }) => id));
}

/** A job that used up its attempts is over for its workspace; null: it was over already. */
export async function bury(
  tx: Tx,
  { workspaceId, id }: { readonly workspaceId: string; readonly id: string },
  error: PublicError,
): Promise<{ readonly kind: string; readonly attempts: number; readonly state: string } | null> {
  const [row] = await tx.$queryRaw<{ kind: string; attempts: number; state: string }[]>`
    with before as materialized (
      select state from jobs where workspace_id = ${workspaceId}::uuid and id = ${id}::uuid for update)
    update jobs set state = 'failed', finished_at = clock_timestamp(), error_code = ${error.code}, error_message = ${error.message}
      from before
     where workspace_id = ${workspaceId}::uuid and id = ${id}::uuid and before.state in ('queued', 'running', 'retrying')
    returning kind, attempts, before.state::text as state`;
  return row ?? null;
}

export async function forget(reader: Reader, queue: string, id: string): Promise<void> {
  await reader.$executeRaw`delete from pgboss.job where name = ${queue} and id = ${id}::uuid`;
}

/** Deletes jobs that have been over for 30 days, pg-boss what is left of them; how many went. */
export const sweepJobs = (db: Db): Promise<number> => db.read.$executeRaw`
  delete from jobs where finished_at < now() - ${KEPT_SECONDS}::int * interval '1s'`;

/** How many jobs of each kind wait or run. */
export const countWaiting = (db: Db, kinds: readonly string[]) => db.read.$queryRaw<
  { kind: string; state: string; count: number }[]
>`
  select name as kind, state::text as state, count(*)::int as count
    from pgboss.job where name = any (${kinds}::text[]) and state < 'completed' group by name, state`;

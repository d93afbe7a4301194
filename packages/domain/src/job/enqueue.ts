import type { Tx } from '@morket/db';
import type { Acting } from '../access/index.ts';
import { newId } from '../ids/index.ts';
import { type JobDefinition, parsePayload, type RunPolicy } from './define-job.ts';
import { QUEUE_COLUMNS, queueOf } from './queue.ts';

type Options = {
  readonly workspaceId: string;
  /** It does not run before. */
  readonly runAt?: Date;
  /**
   * While a job of the same workspace, kind and key waits for its first attempt, no other is made: it will see what this transaction
   * changes, because it cannot begin before the commit. One that runs already does not count.
   */
  readonly dedupeKey?: string;
  /** Higher ones go first among those of their kind. Default 0. */
  readonly priority?: number;
  /** Whose request it follows from: told to the workspace, and its trace goes on. */
  readonly acting?: Pick<Acting, 'actorId' | 'origin'>;
};

const MAX_PAYLOAD_BYTES = 65_536;

/** Only what the worker will see counts: dates become text on the way, and fields that nobody declared go. */
function toJson<Payload>(job: JobDefinition<Payload>, payload: Payload): Payload {
  const json = JSON.stringify(payload);
  if (json === undefined) return parsePayload(job, undefined);
  if (Buffer.byteLength(json) > MAX_PAYLOAD_BYTES) {
    throw new Error(`A payload of ${job.name} is too large: store what it is about and hand over the id.`);
  }
  return parsePayload(job, JSON.parse(json));
}

/**
 * Puts a job up with the transaction: it runs after the commit, or never was. One statement. Gives the id of the job, or of the one that
 * waits under the same key. Throws `job.payload_invalid`.
 */
export async function enqueueIn<Payload>(
  tx: Tx,
  job: JobDefinition<Payload>,
  payload: Payload,
  options: Options,
): Promise<string> {
  const [id = ''] = await enqueueAllIn(tx, job, [{ ...options, payload }]);
  return id;
}

/** `enqueueIn` for many jobs of one kind: still one statement. The ids come in the order of the jobs. */
export async function enqueueAllIn<Payload>(
  tx: Tx,
  job: JobDefinition<Payload>,
  wanted: readonly (Options & { readonly payload: Payload })[],
): Promise<string[]> {
  const given = wanted.map(({ payload, ...options }) => ({ ...options, id: newId(), data: toJson(job, payload) }));
  const keyOf = (workspaceId: string, dedupeKey: string) => `${workspaceId} ${dedupeKey}`;
  const firstOfKey = new Map<string, string>();
  for (const { id, workspaceId, dedupeKey } of given) {
    if (dedupeKey === undefined) continue;
    const key = keyOf(workspaceId, dedupeKey);
    firstOfKey.set(key, firstOfKey.get(key) ?? id);
  }
  const isFirst = ({ id, workspaceId, dedupeKey }: (typeof given)[number]) =>
    dedupeKey === undefined || firstOfKey.get(keyOf(workspaceId, dedupeKey)) === id;
  const rows = given.filter(isFirst).map(({ id, workspaceId, data, dedupeKey, runAt, priority, acting }) => ({
    ...{ id, w: workspaceId, data, d: dedupeKey, r: runAt, p: priority ?? 0 },
    ...{ a: acting?.actorId, q: acting?.origin.requestId, x: acting?.origin.traceparent },
  }));
  const made = rows.length === 0 ? [] : await insert(tx, job, rows);
  const idOfKey = new Map(made.flatMap(({ id, w, d }) => (d === null ? [] : [[keyOf(w, d), id] as const])));
  return given.map(({ id, workspaceId, dedupeKey }) =>
    dedupeKey === undefined ? id : (idOfKey.get(keyOf(workspaceId, dedupeKey)) ?? id),
  );
}

/**
 * One statement, whatever pg-boss knows of the kind so far: nobody has to start before the first job. The same columns as pg-boss itself
 * fills; a test compares them. An update in place of doing nothing waits for a twin that is not committed, and keeps the waiting job from
 * beginning before our commit.
 */
const insert = (tx: Tx, job: Pick<JobDefinition, 'name' | keyof RunPolicy>, rows: readonly object[]) =>
  tx.$queryRaw<{ id: string; w: string; d: string | null }[]>`
    with kind as materialized (${queueOf(job)}),
    queue as (insert into pgboss.queue (${QUEUE_COLUMNS}) select ${QUEUE_COLUMNS} from kind on conflict do nothing),
    given as materialized (
      select * from json_to_recordset(${JSON.stringify(rows)}::json)
        as x (id uuid, w uuid, data jsonb, d text, r timestamptz, p int, a uuid, q uuid, x text)),
    told as (
      insert into jobs (workspace_id, id, kind, max_attempts, dedupe_key, actor_id, request_id, traceparent, run_at)
      select w, id, kind.name, kind.retry_limit + 1, d, a, q, x, coalesce(r, now()) from given cross join kind
      on conflict (workspace_id, kind, dedupe_key) where state = 'queued' and dedupe_key is not null
      do update set dedupe_key = excluded.dedupe_key
      returning id, workspace_id as w, dedupe_key as d),
    waiting as (
      insert into pgboss.job (id, name, data, priority, start_after, keep_until, group_id, retry_limit, retry_delay, retry_backoff,
                              retry_delay_max, expire_seconds, deletion_seconds, policy, dead_letter, heartbeat_seconds)
      select id, name, data, p, coalesce(r, now()), coalesce(r, now()) + retention_seconds * interval '1s', given.w::text, retry_limit,
             retry_delay, retry_backoff, retry_delay_max, expire_seconds, deletion_seconds, policy, dead_letter, heartbeat_seconds
        from given join told using (id) cross join kind)
    select id, w, d from told`;

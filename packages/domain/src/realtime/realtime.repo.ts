import { ACCESS_EVENTS } from '@morket/contract/realtime';
import { type PointReader, Prisma } from '@morket/db';

/** One event as a stream needs it. */
export type News = {
  readonly workspaceId: string;
  readonly name: string;
  readonly entity: string;
  readonly entityId: string;
  readonly seq: number;
  readonly actorId: string | null;
  /** The `userId` of the payload, where the event is about or for a person. */
  readonly userId: string | null;
  /** ISO 8601. */
  readonly at: string;
};

/** Everything that was settled since the last look: the transactions from where it began up to, and without, `to`. */
export type Window = {
  readonly to: string;
  readonly news: readonly News[];
  /** Workspaces in which more happened than a window tells. */
  readonly overflowed: readonly string[];
  /** Sessions that ended. */
  readonly endedSessions: readonly string[];
};

/** Rows read at once; where more has happened, everybody concerned begins anew. */
const MAX_ROWS = 10_000;

const FIELDS = Prisma.sql`
  workspace_id, name, aggregate_type, aggregate_id, txid, seq, actor_id, created_at,
  case when aggregate_type = 'notification' or name = any(${ACCESS_EVENTS}::text[]) then payload->>'userId' end as user_id`;

/** The latest of each entity and event name, and for each person it may concern: a burst is told once. */
const LATEST = Prisma.sql`distinct on (workspace_id, aggregate_type, aggregate_id, name, user_id) *`;
const LATEST_FIRST = Prisma.sql`workspace_id, aggregate_type, aggregate_id, name, user_id, seq desc`;

const AS_JSON = Prisma.sql`json_build_object(
  'workspaceId', workspace_id, 'name', name, 'entity', aggregate_type, 'entityId', aggregate_id, 'seq', seq, 'actorId', actor_id,
  'userId', user_id, 'at', created_at)`;

/**
 * What was settled since `from`, in the workspaces named, in order: at most `maxNews` of each. A transaction is settled when none older is
 * open, so that none can commit behind a reader's back. That order is not the one of an entity where a transaction got its number before it
 * got the lock of the entity: no window ends between two such transactions, and inside a window `seq` has the order.
 */
export function findWindow(
  points: PointReader,
  { from, workspaceIds, maxNews }: { from: bigint; workspaceIds: readonly string[]; maxNews: number },
): Promise<Window> {
  const since = Prisma.sql`${String(from)}::xid8`;
  return points.readJson(Prisma.sql`
    with recursive fence as materialized (select pg_snapshot_xmin(pg_current_snapshot()) as xmin),
    -- By the order of transactions alone: of what is new, little is of other workspaces. Without a fence that moved, nothing is read.
    fresh as materialized (
      select ${FIELDS} from outbox
       where workspace_id is not null and txid >= ${since} and (select xmin from fence) > ${since}
         and workspace_id::text = any(${workspaceIds}::text[])
       limit ${MAX_ROWS + 1}::int),
    bulk as materialized (select count(*) > ${MAX_ROWS}::int as yes from fresh),
    crossed as materialized (
      select low, high
        from (select txid as low, lead(txid) over later as high, max(seq) over (later rows unbounded preceding) as until,
                     min(seq) over (later rows between 1 following and unbounded following) as after
                from fresh where not (select yes from bulk)
              window later as (partition by aggregate_type, aggregate_id order by txid, seq)) neighbours
       where low < high and until > after),
    ends (txid) as (
      select xmin from fence
      union all
      select earlier.txid
        from ends cross join lateral (select min(low) as txid from crossed where low < ends.txid and ends.txid <= high) earlier
       where earlier.txid is not null),
    top as materialized (select greatest(min(txid), ${since}) as txid from ends),
    latest as (
      select ${LATEST} from fresh where txid < (select txid from top) and not (select yes from bulk) order by ${LATEST_FIRST}),
    placed as materialized (select *, row_number() over (partition by workspace_id order by seq) as place from latest)
    select json_build_object(
      'to', (select txid from top)::text,
      'news', (select coalesce(json_agg(${AS_JSON} order by seq), '[]') from placed where place <= ${maxNews}::int),
      'overflowed', (
        select coalesce(json_agg(listening), '[]')
          from unnest(${workspaceIds}::uuid[]) as listening
         where exists (select from placed where workspace_id = listening and place > ${maxNews}::int)
            or (select yes from bulk) and exists (
                 select from outbox where workspace_id = listening and txid >= ${since} and txid < (select txid from top))),
      'endedSessions', (
        select coalesce(json_agg(aggregate_id), '[]') from outbox
         where workspace_id is null and txid >= ${since} and txid < (select txid from top) and name = 'auth.session_revoked')) as json`);
}

/** The same of one workspace, behind a cursor and below `until`, where all is settled; null where it is more than `maxNews`. */
export async function findMissed(
  points: PointReader,
  behind: { readonly workspaceId: string; readonly from: bigint; readonly to: bigint; readonly seq: bigint },
  { until, maxNews }: { readonly until: bigint; readonly maxNews: number },
): Promise<readonly (News & { readonly isLater: boolean })[] | null> {
  const [from, to, end] = [behind.from, behind.to, until].map((txid) => Prisma.sql`${String(txid)}::xid8`);
  const { rows, missed } = await points.readJson<{
    readonly rows: number;
    readonly missed: readonly (News & { readonly isLater: boolean })[];
  }>(Prisma.sql`
    with behind as materialized (
      select ${FIELDS}, txid >= ${to} as is_later from outbox
       where workspace_id = ${behind.workspaceId}::uuid and txid >= ${from} and txid < ${end}
         and (txid >= ${to} or seq > ${String(behind.seq)}::bigint)
       limit ${MAX_ROWS + 1}::int),
    latest as (select ${LATEST} from behind order by ${LATEST_FIRST}),
    told as (select * from latest limit ${maxNews + 1}::int)
    select json_build_object(
      'rows', (select count(*) from behind),
      'missed', (
        select coalesce(json_agg((${AS_JSON})::jsonb || jsonb_build_object('isLater', is_later) order by is_later, seq), '[]') from told)) as json`);
  return rows > MAX_ROWS || missed.length > maxNews ? null : missed;
}

/**
 * The cluster, database and timeline that number transactions, by name. After a restore, or a failover that may have lost some, the name
 * is another one.
 */
export async function findEpoch(points: PointReader): Promise<string> {
  const { database, timeline, canReadControl } = await points.readJson<{
    readonly database: string;
    readonly timeline: string;
    readonly canReadControl: boolean;
  }>(Prisma.sql`
    select json_build_object(
      'database', (select oid from pg_database where datname = current_database())::text,
      'timeline', left(lower(pg_walfile_name(pg_current_wal_lsn())), 8),
      'canReadControl', has_function_privilege('pg_control_system()', 'execute')) as json`);
  const cluster = canReadControl
    ? await points.readJson<string>(
        Prisma.sql`select to_json(system_identifier::text) as json from pg_control_system()`,
      )
    : '0';
  return `${cluster}-${database}-${timeline}`;
}

/**
 * Where a hub that has just come up begins: not at the fence but a minute before it, so that its first window does not end between
 * transactions that stand crosswise.
 */
export async function findBeginning(points: PointReader): Promise<bigint> {
  const from = await points.readJson<string>(Prisma.sql`
    select to_json(coalesce(
      (select min(txid) from outbox where created_at > now() - interval '1 minute'), pg_snapshot_xmin(pg_current_snapshot()))::text) as json`);
  return BigInt(from);
}

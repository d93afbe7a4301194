import { type Db, Prisma } from '@morket/db';
import { OPENS_AFTER } from './health.model.ts';
import type { Slots } from './pace.ts';

/** Where the last claim ended; the next one goes on there, so that nobody is always first. */
export type Cursor = { readonly workspaceId: string; readonly endpointId: string };

const START: Cursor = {
  workspaceId: '00000000-0000-0000-0000-000000000000',
  endpointId: '00000000-0000-0000-0000-000000000000',
};

/** An endpoint that has something to send, with all it takes to send it. */
export type Sender = {
  readonly workspaceId: string;
  readonly endpointId: string;
  readonly url: string;
  readonly salt: Uint8Array;
  readonly sealedSecret: Uint8Array;
  readonly keyVersion: number;
  readonly sealedPrevious: Uint8Array | null;
  readonly previousKeyVersion: number | null;
};

export type ClaimedDelivery = {
  readonly workspaceId: string;
  readonly endpointId: string;
  readonly id: string;
  readonly eventId: string;
  readonly body: string;
  readonly traceparent: string | null;
  /** Attempts before this one that the schedule counts. */
  readonly tries: number;
};

export type Claim = {
  readonly senders: readonly Sender[];
  readonly deliveries: readonly ClaimedDelivery[];
  readonly cursor: Cursor | null;
};

export type ClaimOptions = {
  readonly leaseId: string;
  readonly leaseMs: number;
  /** Deliveries in all. */
  readonly slots: number;
  /** How many deliveries of an endpoint may be under way anywhere; behind an open circuit it is one. */
  readonly most: Slots;
  /** How many deliveries of a workspace may be under way anywhere. Workers that claim at the same moment may together exceed it. */
  readonly perWorkspace: number;
  /** Deliveries that are under way no more, although their rows do not say so yet. */
  readonly ended: readonly string[];
  readonly cursor: Cursor | null;
};

const SENDERS_AT_ONCE = 64;
/** Endpoints looked at in one claim: most of them may be waiting for a retry. */
const VISITED_AT_ONCE = 512;

/**
 * The endpoints that have anything to send, found one by one through the index, however much each of them has: a long queue stands in
 * nobody's way.
 */
const busyQuery = (from: Cursor) => Prisma.sql`
  with recursive busy as (
    (select workspace_id, endpoint_id from webhook_deliveries
      where state = 'pending' and (workspace_id, endpoint_id) > (${from.workspaceId}::uuid, ${from.endpointId}::uuid)
      order by workspace_id, endpoint_id limit 1)
    union all
    select next.workspace_id, next.endpoint_id from busy cross join lateral (
      select d.workspace_id, d.endpoint_id from webhook_deliveries d
       where d.state = 'pending' and (d.workspace_id, d.endpoint_id) > (busy.workspace_id, busy.endpoint_id)
       order by d.workspace_id, d.endpoint_id limit 1) next)
  select workspace_id, endpoint_id from busy limit ${VISITED_AT_ONCE}::int`;

/** Those of them that may send now and have something due, locked. What another worker is claiming for is passed over. */
const SENDERS = Prisma.sql`
  select e.*, w.key_salt
    from visited
    join webhook_endpoints e on e.workspace_id = visited.workspace_id and e.id = visited.endpoint_id
    join workspaces w on w.id = e.workspace_id
   where e.state = 'active' and e.deleted_at is null and w.deleted_at is null
     and (e.paused_until is null or e.paused_until <= now())
     and exists (select from webhook_deliveries d
                  where d.workspace_id = e.workspace_id and d.endpoint_id = e.id and d.state = 'pending' and d.due_at <= now())
   order by e.workspace_id, e.id limit ${SENDERS_AT_ONCE}::int
     for no key update of e skip locked`;

/** What of an endpoint is due, the longest waiting first. */
const DUE = Prisma.sql`
  select q.workspace_id, q.id, q.due_at from webhook_deliveries q
   where not wanted.ordered and q.workspace_id = wanted.workspace_id and q.endpoint_id = wanted.id
     and q.state = 'pending' and q.due_at <= now()
   order by q.due_at limit wanted.free`;

/** Of each thing the first event that is not settled, where it is due: what comes behind it waits. */
const DUE_IN_ORDER = Prisma.sql`
  with recursive head as (
    (select q.workspace_id, q.id, q.aggregate_type, q.aggregate_id, q.due_at from webhook_deliveries q
      where wanted.ordered and q.workspace_id = wanted.workspace_id and q.endpoint_id = wanted.id and q.state = 'pending'
      order by q.aggregate_type, q.aggregate_id, q.seq, q.id limit 1)
    union all
    select next.* from head cross join lateral (
      select q.workspace_id, q.id, q.aggregate_type, q.aggregate_id, q.due_at from webhook_deliveries q
       where q.workspace_id = wanted.workspace_id and q.endpoint_id = wanted.id and q.state = 'pending'
         and (q.aggregate_type, q.aggregate_id) > (head.aggregate_type, head.aggregate_id)
       order by q.aggregate_type, q.aggregate_id, q.seq, q.id limit 1) next)
  select workspace_id, id, due_at from head where due_at <= now() limit wanted.free`;

type SenderJson = Omit<Sender, 'salt' | 'sealedSecret' | 'sealedPrevious'> & {
  readonly salt: string;
  readonly sealedSecret: string;
  readonly sealedPrevious: string | null;
};

const bytes = (base64: string): Uint8Array => Buffer.from(base64, 'base64');

const fromSenderJson = ({ salt, sealedSecret, sealedPrevious, ...sender }: SenderJson): Sender => ({
  ...sender,
  salt: bytes(salt),
  sealedSecret: bytes(sealedSecret),
  sealedPrevious: sealedPrevious === null ? null : bytes(sealedPrevious),
});

/**
 * Takes due deliveries under a lease of `leaseMs`; when it has run out, others may take them. One statement: a worker that claims for the
 * same endpoint at the same moment finds its rows changed and leaves them. A lease that a crash of the database forgets costs nothing but
 * a repeat, so that nobody waits for the disk.
 */
export async function claimDeliveries(db: Db, options: ClaimOptions): Promise<Claim> {
  const { leaseId, leaseMs, slots, most, perWorkspace, ended, cursor: from } = options;
  const exceptions = JSON.stringify(most.exceptions.map(([endpoint, slotsOfIt]) => ({ e: endpoint, most: slotsOfIt })));
  const { senders, deliveries, visitedLast } = await db.points.readJson<{
    senders: SenderJson[];
    deliveries: ClaimedDelivery[];
    /** Where the next claim goes on; null where all endpoints were looked at. */
    visitedLast: Cursor | null;
  }>(Prisma.sql`
    with visited as materialized (${busyQuery(from ?? START)}),
    senders as materialized (${SENDERS}),
    exceptions as materialized (
      select e, most from json_to_recordset(${exceptions}::json) as x (e uuid, most int)),
    wanted as materialized (
      select s.workspace_id, s.id, s.ordered, greatest(0, least(
               ceil(${slots}::float8 / (select count(*) from senders))::int,
               case when s.consecutive_failures >= ${OPENS_AFTER}::int then 1
                    else coalesce((select x.most from exceptions x where x.e = s.id), ${most.usual}::int) end
               - (select count(*) from webhook_deliveries l
                   where l.workspace_id = s.workspace_id and l.endpoint_id = s.id and l.lease_id is not null and l.due_at > now()
                     and (s.consecutive_failures >= ${OPENS_AFTER}::int or l.id <> all (${ended}::uuid[])))::int
             )) as free
        from senders s),
    held as materialized (
      select w.workspace_id, (select count(*) from webhook_deliveries l
               where l.workspace_id = w.workspace_id and l.lease_id is not null and l.due_at > now()
                 and l.id <> all (${ended}::uuid[])) as count
        from (select distinct workspace_id from senders) w),
    -- The place is how many the workspace would have under way: whoever has fewest comes first.
    placed as materialized (
      select due.workspace_id, due.id,
             held.count + row_number() over (partition by due.workspace_id order by due.due_at) as place
        from wanted join held on held.workspace_id = wanted.workspace_id
             cross join lateral ((${DUE}) union all (${DUE_IN_ORDER})) due),
    chosen as materialized (
      select workspace_id, id from placed where place <= ${perWorkspace}::int order by place limit ${slots}::int),
    leased as (
      update webhook_deliveries d
         set lease_id = ${leaseId}::uuid, due_at = now() + make_interval(secs => ${leaseMs}::float8 / 1000)
        from chosen
       where d.workspace_id = chosen.workspace_id and d.id = chosen.id and d.state = 'pending' and d.due_at <= now()
      returning d.workspace_id, d.endpoint_id, d.id, d.event_id, d.body, d.traceparent, d.attempts - d.replayed_after as tries)
    select json_build_object(
      'senders', (select coalesce(json_agg(json_build_object(
          'workspaceId', workspace_id, 'endpointId', id, 'url', url, 'salt', encode(key_salt, 'base64'),
          'sealedSecret', encode(sealed_secret, 'base64'), 'keyVersion', key_version,
          'sealedPrevious', case when previous_secret_until > now() then encode(sealed_previous, 'base64') end,
          'previousKeyVersion', previous_key_version) order by workspace_id, id), '[]') from senders),
      'deliveries', (select coalesce(json_agg(json_build_object(
          'workspaceId', workspace_id, 'endpointId', endpoint_id, 'id', id, 'eventId', event_id, 'body', body,
          'traceparent', traceparent, 'tries', tries)), '[]') from leased),
      'visitedLast', (select json_build_object('workspaceId', workspace_id, 'endpointId', endpoint_id) from visited
                       where (select count(*) from visited) = ${VISITED_AT_ONCE}::int
                       order by workspace_id desc, endpoint_id desc limit 1)) as json
      from (select set_config('synchronous_commit', 'off', true)) unhurried`);
  const last = senders.length === SENDERS_AT_ONCE ? senders.at(-1) : (visitedLast ?? undefined);
  const cursor = last ? { workspaceId: last.workspaceId, endpointId: last.endpointId } : null;
  return { senders: senders.map(fromSenderJson), deliveries, cursor };
}

/** Gives back what was not sent. */
export async function releaseDeliveries(db: Db, leaseIds: readonly string[]): Promise<void> {
  await db.read.$executeRaw`
    update webhook_deliveries set lease_id = null, due_at = clock_timestamp()
     where state = 'pending' and lease_id = any (${leaseIds}::uuid[])`;
}

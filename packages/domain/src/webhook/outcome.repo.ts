import type { WebhookDisabledReason } from '@morket/contract/webhook';
import { type PointTx, Prisma } from '@morket/db';
import type { Outcome } from './attempt.ts';
import type { ClaimedDelivery } from './claim.repo.ts';

/** What one attempt makes of its delivery. */
export type Settlement = {
  readonly delivery: Pick<ClaimedDelivery, 'workspaceId' | 'endpointId' | 'id'>;
  readonly leaseId: string;
  readonly outcome: Outcome;
  /** Milliseconds until the next attempt; null where there is none. */
  readonly retryInMs: number | null;
};

/** An endpoint while it has this url. */
export type Address = { readonly workspaceId: string; readonly endpointId: string; readonly url: string };

export type EndpointHealth = Address & {
  readonly isActive: boolean;
  readonly consecutiveFailures: number;
  readonly failingSince: string | null;
  readonly failingForMs: number | null;
  readonly pausedForMs: number;
};

const asRows = (addresses: readonly Address[]) =>
  JSON.stringify(addresses.map(({ workspaceId, endpointId, url }) => ({ w: workspaceId, e: endpointId, u: url })));

/** The endpoints that have these addresses still, locked in the order of their ids. */
export const lockHealth = (tx: PointTx, addresses: readonly Address[]) =>
  tx.readJson<EndpointHealth[]>(Prisma.sql`
  select coalesce(json_agg(locked), '[]') as json from (
  select e.workspace_id as "workspaceId", e.id as "endpointId", e.url,
         e.state = 'active' and e.deleted_at is null as "isActive",
         e.consecutive_failures as "consecutiveFailures", to_char(e.failing_since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "failingSince",
         (extract(epoch from clock_timestamp() - e.failing_since) * 1000)::float8 as "failingForMs",
         coalesce(extract(epoch from e.paused_until - clock_timestamp()) * 1000, 0)::float8 as "pausedForMs"
    from json_to_recordset(${asRows(addresses)}::json) as x (w uuid, e uuid, u text)
    join webhook_endpoints e on e.workspace_id = x.w and e.id = x.e and e.url = x.u
   order by e.workspace_id, e.id
     for no key update of e) locked`);

/** Addresses where everything went well: only an endpoint that had failed, and has this address still, is written. */
export const markHealthy = (tx: PointTx, addresses: readonly Address[]): Promise<void> =>
  tx.execute(Prisma.sql`
    update webhook_endpoints e set consecutive_failures = 0, failing_since = null, paused_until = null
      from json_to_recordset(${asRows(addresses)}::json) as x (w uuid, e uuid, u text)
     where e.workspace_id = x.w and e.id = x.e and e.url = x.u and (e.consecutive_failures > 0 or e.failing_since is not null)`);

export type NewHealth = Pick<Address, 'workspaceId' | 'endpointId'> & {
  readonly consecutiveFailures: number;
  readonly isFailing: boolean;
  readonly pauseMs: number | null;
  readonly disable: WebhookDisabledReason | null;
};

export function writeHealth(tx: PointTx, health: NewHealth): Promise<void> {
  const { workspaceId, endpointId, consecutiveFailures, isFailing, pauseMs, disable } = health;
  return tx.execute(Prisma.sql`
    update webhook_endpoints
       set consecutive_failures = ${consecutiveFailures}::int,
           failing_since = case when ${isFailing}::bool then coalesce(failing_since, clock_timestamp()) end,
           paused_until = clock_timestamp() + make_interval(secs => ${pauseMs}::float8 / 1000),
           state = case when ${disable}::text is null then state else 'disabled' end,
           disabled_reason = coalesce(${disable}::text::webhook_disabled_reason, disabled_reason),
           disabled_at = case when ${disable}::text is null then disabled_at else clock_timestamp() end
     where workspace_id = ${workspaceId}::uuid and id = ${endpointId}::uuid`);
}

/**
 * Writes what came of attempts: the state of each delivery, and the attempt in its log. An outcome whose lease has passed to somebody
 * else is left out: they are sending the same again. What a crash of the database forgets is sent again too, so that nobody waits for
 * the disk.
 */
export function writeOutcomes(tx: PointTx, settlements: readonly Settlement[]): Promise<void> {
  const rows = settlements.map(({ delivery, leaseId, outcome, retryInMs }) => ({
    ...{ w: delivery.workspaceId, i: delivery.id, l: leaseId },
    state: outcome.failure === null ? 'delivered' : retryInMs === null ? 'failed' : 'pending',
    ...{ wait: retryInMs ?? 0, began: outcome.startedAt.toISOString(), took: outcome.durationMs },
    ...{ status: outcome.status, failure: outcome.failure, excerpt: outcome.excerpt },
  }));
  return tx.execute(Prisma.sql`
    with outcome as materialized (
      select * from json_to_recordset(${JSON.stringify(rows)}::json) as x
        (w uuid, i uuid, l uuid, state text, wait float8, began timestamptz, took int, status int, failure text, excerpt text)),
    settled as (
      update webhook_deliveries d
         set state = o.state::webhook_delivery_state, attempts = d.attempts + 1, lease_id = null,
             last_status = o.status, last_failure = o.failure,
             due_at = clock_timestamp() + make_interval(secs => o.wait / 1000),
             settled_at = case when o.state = 'pending' then null else clock_timestamp() end
        from outcome o
       where d.workspace_id = o.w and d.id = o.i and d.lease_id = o.l
      returning d.workspace_id, d.id, d.attempts, o.began, o.took, o.status, o.failure, o.excerpt)
    insert into webhook_attempts (workspace_id, delivery_id, number, started_at, duration_ms, status, failure, excerpt)
    select workspace_id, id, attempts, began, took, status, failure, excerpt
      from settled cross join (select set_config('synchronous_commit', 'off', true)) unhurried`);
}

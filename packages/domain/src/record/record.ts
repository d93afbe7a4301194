import type { DomainEvent } from '@morket/contract/events';
import { Prisma, type Tx } from '@morket/db';
import type { Acting } from '../access/index.ts';
import { newId } from '../ids/index.ts';
import { changedFields } from './changes.model.ts';

type Fields = Readonly<Record<string, unknown>>;
type Change = { readonly before?: Fields; readonly after?: Fields };

/** The queues of the outbox. Events of one aggregate share one. */
export const PARTITIONS = 64;

/** One state change to write down: who did it, what happened, and what it changed. `id` names its audit entry and its event alike. */
export type Recording = {
  readonly id: string;
  readonly acting: Acting;
  readonly event: DomainEvent;
  readonly change: Change;
};

/**
 * Writes down one state change in its own transaction: the audit entry (who, what, before and after) and the outbox event.
 * Every verb that changes state ends in it; delivery, webhooks and projections feed on what it wrote.
 */
export async function record(tx: Tx, acting: Acting, event: DomainEvent, change: Change = {}): Promise<void> {
  const source = recordingsSource([{ id: newId(), acting, event, change, place: 0 }]);
  await tx.$executeRaw`with ${recordClauses(source)} select 1`;
}

/**
 * Recordings as a SELECT for `recordClauses`. A verb that writes many rows may make a SELECT of its own from them, with the same columns:
 * i(d), w(orkspace), u(ser), m (impersonator), k(ey), r(equest), x (trace), z (cause), n(ame), v(ersion), t(ype) and a(ggregate id),
 * p(ayload), c(hanges), and the place in the o(rder) of events.
 */
export function recordingsSource(recordings: readonly (Recording & { readonly place: number })[]): Prisma.Sql {
  const rows = recordings.map(({ id, acting, event, change, place }) => ({
    ...{ i: id, w: acting.workspaceId, u: acting.actorId, m: acting.impersonatorId, k: acting.apiKeyId },
    ...{ r: acting.origin.requestId, x: acting.origin.traceparent, z: acting.origin.causationId },
    ...{ n: event.name, v: event.version, t: event.aggregate.type, a: event.aggregate.id, p: event.payload },
    c: changedFields(change.before ?? {}, change.after ?? event.payload),
    o: place,
  }));
  return Prisma.sql`
    select i, w, u, m, k, r, x, z, n, v, t, a, p, c, o from json_to_recordset(${JSON.stringify(rows)}::json)
      as x (i uuid, w uuid, u uuid, m uuid, k uuid, r uuid, x text, z uuid, n text, v int, t text, a text, p jsonb, c jsonb, o int)`;
}

/** Writes down what `source` selects, as WITH clauses of a statement that may write more. */
export function recordClauses(source: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    recorded as materialized (select * from (${source}) unordered order by o),
    audit as (
      insert into audit_log (id, workspace_id, actor_id, impersonator_id, api_key_id, action, entity_type, entity_id, changes, request_id)
      select i, w, u, m, k, n, t, a, c, r from recorded),
    outbox as (
      insert into outbox (id, partition, workspace_id, name, version, aggregate_type, aggregate_id, payload, actor_id, impersonator_id,
                          api_key_id, request_id, traceparent, causation_id)
      select i, hashtextextended(a, 0) & ${PARTITIONS - 1}::int, w, n, v, t, a, p, u, m, k, r, x, z from recorded)`;
}

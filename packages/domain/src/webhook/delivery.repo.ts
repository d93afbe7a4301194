import type { StoredEvent } from '@morket/contract/events';
import type {
  ListWebhookDeliveriesInput,
  WebhookAttempt,
  WebhookDelivery,
  WebhookDeliveryDetails,
  WebhookFailure,
} from '@morket/contract/webhook';
import type { Reader, Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';

export type DeliveryRow = Awaited<ReturnType<Reader['webhookDelivery']['findFirstOrThrow']>>;
type AttemptRow = Awaited<ReturnType<Reader['webhookAttempt']['findFirstOrThrow']>>;

const LOG_LENGTH = 100;

/** Only the dispatcher writes the column, and it knows no other values. */
const asFailure = (value: string | null) => value as WebhookFailure | null;

export const toDeliveryDto = (row: DeliveryRow): WebhookDelivery => ({
  id: row.id,
  workspaceId: row.workspaceId,
  endpointId: row.endpointId,
  eventId: row.eventId,
  eventName: row.eventName,
  state: row.state,
  attempts: row.attempts,
  nextAttemptAt: row.state === 'pending' ? row.dueAt : null,
  lastStatus: row.lastStatus,
  lastFailure: asFailure(row.lastFailure),
  createdAt: row.createdAt,
  settledAt: row.settledAt,
});

const toAttemptDto = ({ number, startedAt, durationMs, status, failure, excerpt }: AttemptRow): WebhookAttempt => ({
  ...{ number, startedAt, durationMs, status, excerpt },
  failure: asFailure(failure),
});

/** One event for one endpoint. */
export type NewDelivery = {
  readonly id: string;
  readonly workspaceId: string;
  readonly endpointId: string;
  readonly event: Pick<StoredEvent, 'id' | 'name' | 'aggregate' | 'seq' | 'traceparent'>;
  readonly body: string;
};

/** Writes deliveries in one statement; where an endpoint has the event already, nothing is written. Gives the number written. */
export function insertDeliveries(tx: Tx, deliveries: readonly NewDelivery[]): Promise<number> {
  const rows = deliveries.map(({ id, workspaceId, endpointId, event, body }) => ({
    ...{ i: id, w: workspaceId, e: endpointId, b: body },
    ...{ v: event.id, n: event.name, t: event.aggregate.type, a: event.aggregate.id },
    ...{ s: String(event.seq), x: event.traceparent },
  }));
  return tx.$executeRaw`
    insert into webhook_deliveries
      (workspace_id, id, endpoint_id, event_id, event_name, aggregate_type, aggregate_id, seq, body, traceparent)
    select w, i, e, v, n, t, a, s, b, x
      from json_to_recordset(${JSON.stringify(rows)}::json)
        as x (w uuid, i uuid, e uuid, v uuid, n text, t text, a text, s bigint, b text, x text)
        on conflict (workspace_id, endpoint_id, event_id) do nothing`;
}

/** Deliveries, newest first. */
export async function listDeliveries(reader: Reader, scope: WorkspaceScope, input: ListWebhookDeliveriesInput) {
  const { page, limit, endpointId, state } = input;
  const where = { workspaceId: scope.workspaceId, ...(endpointId && { endpointId }), ...(state && { state }) };
  const [rows, total] = await Promise.all([
    reader.webhookDelivery.findMany({
      where,
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      skip: (page - 1) * limit,
      take: limit,
    }),
    reader.webhookDelivery.count({ where }),
  ]);
  return { items: rows.map(toDeliveryDto), total };
}

export async function findDelivery(
  reader: Reader,
  scope: WorkspaceScope,
  id: string,
): Promise<WebhookDeliveryDetails | null> {
  const row = await reader.webhookDelivery.findUnique({
    where: { workspaceId_id: { workspaceId: scope.workspaceId, id } },
    include: { attemptLog: { orderBy: { number: 'desc' }, take: LOG_LENGTH } },
  });
  return row && { ...toDeliveryDto(row), requestBody: row.body, log: row.attemptLog.map(toAttemptDto) };
}

export const readDelivery = (tx: Tx, scope: WorkspaceScope, id: string): Promise<DeliveryRow | null> =>
  tx.webhookDelivery.findUnique({ where: { workspaceId_id: { workspaceId: scope.workspaceId, id } } });

/** Makes one delivery due again; false while somebody is sending it. */
export async function resetDelivery(tx: Tx, scope: WorkspaceScope, id: string): Promise<boolean> {
  const changed = await tx.$executeRaw`
    update webhook_deliveries
       set state = 'pending', due_at = clock_timestamp(), lease_id = null, settled_at = null, replayed_after = attempts
     where workspace_id = ${scope.workspaceId}::uuid and id = ${id}::uuid
       and (lease_id is null or due_at <= clock_timestamp())`;
  return changed === 1;
}

export type Range = {
  readonly endpointId: string;
  readonly from: Date;
  readonly to: Date;
  readonly states: readonly string[];
  /** So many at most, the oldest first, so many a second. */
  readonly limit: number;
  readonly perSecond: number;
};

/** Makes settled deliveries due again, one after the other, and gives their number. */
export function resetRange(tx: Tx, scope: WorkspaceScope, range: Range): Promise<number> {
  const { endpointId, from, to, states, limit, perSecond } = range;
  return tx.$executeRaw`
    with chosen as (
      select workspace_id, id, row_number() over (order by created_at, id) as place
        from webhook_deliveries
       where workspace_id = ${scope.workspaceId}::uuid and endpoint_id = ${endpointId}::uuid
         and created_at >= ${from}::timestamptz and created_at < ${to}::timestamptz
         and state::text = any (${states}::text[])
       order by created_at, id limit ${limit}::int)
    update webhook_deliveries d
       set state = 'pending', settled_at = null, lease_id = null, replayed_after = d.attempts,
           due_at = clock_timestamp() + make_interval(secs => chosen.place::float8 / ${perSecond}::float8)
      from chosen
     where d.workspace_id = chosen.workspace_id and d.id = chosen.id and d.state <> 'pending'`;
}

/** What the receiver asks for or the circuit holds back does not hold back what somebody sends by hand. */
export async function liftPause(tx: Tx, scope: WorkspaceScope, endpointId: string): Promise<void> {
  await tx.$executeRaw`
    update webhook_endpoints set paused_until = null
     where workspace_id = ${scope.workspaceId}::uuid and id = ${endpointId}::uuid and paused_until is not null`;
}

import type { StoredEvent } from '@morket/contract/events';
import { Prisma } from '@morket/db';

/** A stored event as JSON carries it: in dead letters, in what a claim reads, and on its way through a transport. */
export type EventJson = Omit<StoredEvent, 'seq' | 'createdAt' | 'aggregate'> & {
  /** A bigint as text: beyond 2^53 a JSON number would lie. */
  readonly seq: string;
  readonly createdAt: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
};

/** The columns of `outbox` under the names of `EventJson`, to be made JSON of as a row. */
export const EVENT_COLUMNS = Prisma.sql`
  id, seq::text as seq, workspace_id as "workspaceId", name, version, aggregate_type as "aggregateType", aggregate_id as "aggregateId",
  payload, actor_id as "actorId", impersonator_id as "impersonatorId", api_key_id as "apiKeyId", request_id as "requestId", traceparent,
  causation_id as "causationId", created_at as "createdAt"`;

export const fromEventJson = (json: EventJson): StoredEvent => ({
  ...{ id: json.id, seq: BigInt(json.seq), workspaceId: json.workspaceId, name: json.name, version: json.version },
  ...{ aggregate: { type: json.aggregateType, id: json.aggregateId }, payload: json.payload },
  ...{ actorId: json.actorId, impersonatorId: json.impersonatorId, apiKeyId: json.apiKeyId },
  ...{ requestId: json.requestId, traceparent: json.traceparent, causationId: json.causationId },
  createdAt: new Date(json.createdAt),
});

export function toEventJson({ aggregate, seq, createdAt, ...rest }: StoredEvent): EventJson {
  return {
    ...rest,
    seq: String(seq),
    aggregateType: aggregate.type,
    aggregateId: aggregate.id,
    createdAt: createdAt.toISOString(),
  };
}

/** What two events of one aggregate have in common. */
export const aggregateKey = ({ aggregate }: Pick<StoredEvent, 'aggregate'>): string =>
  `${aggregate.type} ${aggregate.id}`;

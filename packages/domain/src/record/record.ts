import type { DomainEvent } from '@morket/contract/events';
import type { Tx } from '@morket/db';
import type { Acting } from '../access/index.ts';
import { newId } from '../ids/index.ts';
import { changedFields } from './changes.model.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Writes down one state change in its own transaction: the audit entry (who, what, before and after) and the outbox event.
 * Every verb that changes state ends in it; delivery, webhooks and projections feed on what it wrote.
 */
export async function record(
  tx: Tx,
  acting: Acting,
  event: DomainEvent,
  change: { readonly before?: Fields; readonly after?: Fields } = {},
): Promise<void> {
  const changes = changedFields(change.before ?? {}, change.after ?? event.payload);
  const { actorId, impersonatorId, workspaceId, origin } = acting;
  const { type, id } = event.aggregate;
  await tx.$executeRaw`
    with audit as (
      insert into audit_log (id, workspace_id, actor_id, impersonator_id, action, entity_type, entity_id, changes, request_id)
      values (${newId()}::uuid, ${workspaceId}::uuid, ${actorId}::uuid, ${impersonatorId}::uuid, ${event.name}, ${type}, ${id},
              ${JSON.stringify(changes)}::jsonb, ${origin.requestId}::uuid)
    )
    insert into outbox (id, workspace_id, name, version, aggregate_type, aggregate_id, payload, request_id)
    values (${newId()}::uuid, ${workspaceId}::uuid, ${event.name}, ${event.version}::int, ${type}, ${id},
            ${JSON.stringify(event.payload)}::jsonb, ${origin.requestId}::uuid)`;
}

import type { Reader } from '@morket/db';
import type { Acting } from '../access/index.ts';
import { newId } from '../ids/index.ts';
import { changedFields } from './changes.model.ts';

/** A look at something that is worth remembering: what was looked at, and which part of it. */
export type RecordedRead = {
  /** As in an event: `audit.exported`. */
  readonly action: string;
  readonly entity: { readonly type: string; readonly id: string };
  readonly details: Readonly<Record<string, unknown>>;
};

/**
 * Writes the audit entry of a read that carries data out of Morket. Reads change nothing, so that there is no event. Call it before the
 * data is handed over: who cannot be recorded gets nothing.
 */
export async function recordRead(reader: Reader, acting: Acting, { action, entity, details }: RecordedRead) {
  const changes = JSON.stringify(changedFields({}, details));
  await reader.$executeRaw`
    insert into audit_log (id, workspace_id, actor_id, impersonator_id, api_key_id, action, entity_type, entity_id, changes, request_id)
    values (${newId()}::uuid, ${acting.workspaceId}::uuid, ${acting.actorId}::uuid, ${acting.impersonatorId}::uuid,
            ${acting.apiKeyId ?? null}::uuid, ${action}, ${entity.type}, ${entity.id}, ${changes}::jsonb,
            ${acting.origin.requestId}::uuid)`;
}

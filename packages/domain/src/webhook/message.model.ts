import type { StoredEvent } from '@morket/contract/events';

type Told = Pick<StoredEvent, 'name' | 'version' | 'seq' | 'workspaceId' | 'aggregate' | 'payload' | 'createdAt'>;

/** Receivers may refuse bodies above 20 kB; beyond, ids are sent. */
const MAX_BODY_BYTES = 20_000;

/** What is sent: with the payload, and without it. */
export type Messages = { readonly full: string; readonly thin: string };

/**
 * The bodies of an event, which are signed and sent byte for byte. `sequence` orders the events of one thing; `payload` is null where
 * the endpoint is thin or the payload too large.
 */
export function messagesOf(event: Told): Messages {
  const { name, version, seq, workspaceId, aggregate, payload, createdAt } = event;
  const body = (payloadOrNull: Told['payload'] | null) =>
    JSON.stringify({
      type: name,
      timestamp: createdAt.toISOString(),
      data: { workspaceId, aggregate, version, sequence: Number(seq), payload: payloadOrNull },
    });
  const [full, thin] = [body(payload), body(null)];
  return { full: Buffer.byteLength(full) < MAX_BODY_BYTES ? full : thin, thin };
}

import type { StoredEvent } from '@morket/contract/events';
import { isDeliverable } from '@morket/contract/webhook';
import type { Tx } from '@morket/db';
import { type Consumer, defineConsumer } from '../events/index.ts';
import { newId } from '../ids/index.ts';
import { insertDeliveries, type NewDelivery } from './delivery.repo.ts';
import { patternsFor } from './filter.model.ts';
import { messagesOf } from './message.model.ts';

type Receiver = {
  readonly workspaceId: string;
  readonly id: string;
  readonly thin: boolean;
  readonly events: readonly string[];
  readonly createdAt: Date;
};
type TenantEvent = StoredEvent & { readonly workspaceId: string };

const isForReceivers = (event: StoredEvent): event is TenantEvent =>
  event.workspaceId !== null && isDeliverable(event.name);

const findReceivers = (tx: Tx, workspaceIds: readonly string[]) =>
  tx.$queryRaw<Receiver[]>`
    select workspace_id as "workspaceId", id, thin, events, created_at as "createdAt" from webhook_endpoints
     where workspace_id = any (${workspaceIds}::uuid[]) and state = 'active' and deleted_at is null`;

function deliveriesOf(event: TenantEvent, receivers: readonly Receiver[]): NewDelivery[] {
  const patterns = patternsFor(event.name);
  const asks = ({ events, createdAt }: Receiver) =>
    createdAt <= event.createdAt && patterns.some((pattern) => events.includes(pattern));
  const asking = receivers.filter(asks);
  if (asking.length === 0) return [];
  const { full, thin } = messagesOf(event);
  const { workspaceId } = event;
  return asking.map((receiver) => {
    const body = receiver.thin ? thin : full;
    return { id: newId(), workspaceId, endpointId: receiver.id, event, body };
  });
}

/** Makes a delivery of each event for each endpoint that asks for it and was there when it happened. `wake` is called where there is something to send. */
export function webhooksConsumer(wake: () => void): Consumer {
  async function handleAll(tx: Tx, events: readonly StoredEvent[]): Promise<void> {
    const told = events.filter(isForReceivers);
    if (told.length === 0) return;
    const receivers = await findReceivers(tx, [...new Set(told.map(({ workspaceId }) => workspaceId))]);
    const byWorkspace = Map.groupBy(receivers, ({ workspaceId }) => workspaceId);
    const deliveries = told.flatMap((event) => deliveriesOf(event, byWorkspace.get(event.workspaceId) ?? []));
    if (deliveries.length === 0) return;
    await insertDeliveries(tx, deliveries);
    wake();
  }

  return defineConsumer({
    name: 'webhooks',
    events: 'all',
    handle: (tx, event) => handleAll(tx, [event]),
    handleAll,
  });
}

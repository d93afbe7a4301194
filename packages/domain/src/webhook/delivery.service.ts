import type { Page } from '@morket/contract/primitives';
import {
  type ListWebhookDeliveriesInput,
  type ReplayWebhookDeliveriesInput,
  WebhookDeliveriesReplayed,
  type WebhookDelivery,
  type WebhookDeliveryDetails,
  type WebhookDeliveryInput,
  WebhookDeliveryNotFound,
  WebhookDeliveryUnderWay,
  type WebhookEndpointInput,
  WebhookEndpointIsDisabled,
  WebhookEndpointNotFound,
  type WebhookReplay,
  WebhookTest,
} from '@morket/contract/webhook';
import type { Db, Tx } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import { once } from '../idempotency/index.ts';
import { newId } from '../ids/index.ts';
import { record } from '../record/index.ts';
import * as repo from './delivery.repo.ts';
import * as endpoints from './endpoint.repo.ts';
import { messagesOf } from './message.model.ts';

/** What one call of `replayRange` takes; more than a receiver gets in the time of a few calls would only queue. */
const REPLAYED_AT_ONCE = 10_000;
const REPLAYED_PER_SECOND = 50;

/** What was sent to the endpoints of a workspace, and sending it again. */
export function createWebhookDeliveryService({ db }: { readonly db: Db }) {
  async function list(scope: WorkspaceScope, input: ListWebhookDeliveriesInput): Promise<Page<WebhookDelivery>> {
    const { items, total } = await repo.listDeliveries(db.read, scope, input);
    return { items, page: input.page, limit: input.limit, total };
  }

  /** With the body and the latest attempts. Throws `webhook.delivery_not_found`. */
  async function get(scope: WorkspaceScope, { deliveryId }: WebhookDeliveryInput): Promise<WebhookDeliveryDetails> {
    const delivery = await repo.findDelivery(db.read, scope, deliveryId);
    if (!delivery) throw WebhookDeliveryNotFound({});
    return delivery;
  }

  async function lockActive(tx: Tx, scope: WorkspaceScope, endpointId: string): Promise<endpoints.EndpointRow> {
    const endpoint = await endpoints.lockEndpoint(tx, scope, endpointId);
    if (!endpoint) throw WebhookEndpointNotFound({});
    if (endpoint.state === 'disabled') throw WebhookEndpointIsDisabled({});
    return endpoint;
  }

  /**
   * Sends one delivery again, at once, under the same `webhook-id`. Throws `webhook.delivery_not_found`, `webhook.delivery_under_way`,
   * `webhook.endpoint_not_found` and `webhook.endpoint_is_disabled`.
   */
  async function replay(scope: WorkspaceScope, { deliveryId }: WebhookDeliveryInput): Promise<WebhookDelivery> {
    return once(db, scope, async (tx) => {
      const found = await repo.readDelivery(tx, scope, deliveryId);
      if (!found) throw WebhookDeliveryNotFound({});
      await lockActive(tx, scope, found.endpointId);
      await repo.liftPause(tx, scope, found.endpointId);
      if (!(await repo.resetDelivery(tx, scope, deliveryId))) throw WebhookDeliveryUnderWay({});
      const event = WebhookDeliveriesReplayed(found.endpointId, { count: 1, deliveryId, from: null, to: null });
      await record(tx, scope, event);
      const row = await repo.readDelivery(tx, scope, deliveryId);
      if (!row) throw WebhookDeliveryNotFound({});
      return repo.toDeliveryDto(row);
    });
  }

  /**
   * Sends again what was made for an endpoint in a span of time, spread over time. Throws `webhook.endpoint_not_found` and
   * `webhook.endpoint_is_disabled`.
   */
  async function replayRange(scope: WorkspaceScope, input: ReplayWebhookDeliveriesInput): Promise<WebhookReplay> {
    const { endpointId, states = ['failed'] } = input;
    const [from, to] = [new Date(input.from), new Date(input.to)];
    return once(db, scope, async (tx) => {
      await lockActive(tx, scope, endpointId);
      const pace = { limit: REPLAYED_AT_ONCE, perSecond: REPLAYED_PER_SECOND };
      const replayed = await repo.resetRange(tx, scope, { endpointId, from, to, states, ...pace });
      const span = { from: from.toISOString(), to: to.toISOString() };
      await record(tx, scope, WebhookDeliveriesReplayed(endpointId, { count: replayed, deliveryId: null, ...span }));
      return { replayed, hasMore: replayed === REPLAYED_AT_ONCE };
    });
  }

  /** Delivers `webhook.test` to this endpoint alone. Throws `webhook.endpoint_not_found` and `webhook.endpoint_is_disabled`. */
  async function test(scope: WorkspaceScope, { endpointId }: WebhookEndpointInput): Promise<WebhookDelivery> {
    const [id, eventId] = [newId(), newId()];
    return once(db, scope, async (tx) => {
      const endpoint = await lockActive(tx, scope, endpointId);
      await repo.liftPause(tx, scope, endpointId);
      const event = WebhookTest(endpointId, { message: 'This is a test.' });
      const traceparent = scope.origin.traceparent ?? null;
      const { workspaceId } = scope;
      const told = { ...event, id: eventId, workspaceId, seq: 0n, traceparent, createdAt: new Date() };
      const body = messagesOf(told)[endpoint.thin ? 'thin' : 'full'];
      await repo.insertDeliveries(tx, [{ id, workspaceId, endpointId, event: told, body }]);
      await record(tx, scope, event);
      const row = await repo.readDelivery(tx, scope, id);
      if (!row) throw new Error('A delivery that was just written is not there.');
      return repo.toDeliveryDto(row);
    });
  }

  return { list, get, replay, replayRange, test };
}

export type WebhookDeliveryService = ReturnType<typeof createWebhookDeliveryService>;

import type { StoredEvent } from '@morket/contract/events';
import { aTenant, useWorld } from '@morket/testing';
import { describe, expect, test } from 'vitest';
import { anEndpoint, deliveriesOf, someEvents } from '../../test/webhook-lab.ts';
import { newId } from '../ids/index.ts';
import { webhooksConsumer } from './consumer.ts';

const world = useWorld();
const HOOK = 'https://hooks.example.com/';

const anEvent = (workspaceId: string | null, overrides: Partial<StoredEvent> = {}): StoredEvent => ({
  ...{ id: newId(), seq: 1n, workspaceId, name: 'billing.debited', version: 1, payload: { amount: 1 } },
  ...{ aggregate: { type: 'billing_account', id: 'a' }, actorId: null, impersonatorId: null, apiKeyId: null },
  ...{ requestId: null, traceparent: null, causationId: null, createdAt: new Date(Date.now() + 1_000) },
  ...overrides,
});

/** Hands events to the consumer in one transaction, and tells how often it woke the dispatcher. */
async function consume(events: readonly StoredEvent[]): Promise<number> {
  let woken = 0;
  const consumer = webhooksConsumer(() => {
    woken += 1;
  });
  await world.db.transaction(async (tx) => consumer.handleAll?.(tx, events));
  return woken;
}

describe('an event', () => {
  test('makes one delivery for each endpoint that asks for it: by name, by domain, or for everything', async () => {
    const tenant = await aTenant(world);
    const named = await anEndpoint(world, tenant, `${HOOK}1`, { events: ['billing.debited'] });
    const domain = await anEndpoint(world, tenant, `${HOOK}2`, { events: ['workspace.*', 'billing.*'] });
    const all = await anEndpoint(world, tenant, `${HOOK}3`, { events: ['*'] });
    await anEndpoint(world, tenant, `${HOOK}4`, { events: ['billing.credited', 'workspace.*'] });
    expect(await consume([anEvent(tenant.id)])).toBe(1);
    const receivers = (await deliveriesOf(world, tenant)).map(({ endpointId }) => endpointId);
    expect(receivers.toSorted()).toEqual([named, domain, all].map(({ endpointId }) => endpointId).toSorted());
  });

  test('delivered again makes nothing new', async () => {
    const tenant = await aTenant(world);
    await anEndpoint(world, tenant, HOOK);
    const event = anEvent(tenant.id);
    await consume([event, event]);
    await consume([event]);
    expect(await deliveriesOf(world, tenant)).toHaveLength(1);
  });

  test('of another workspace, of none, or from before the endpoint makes none', async () => {
    const [tenant, other] = [await aTenant(world), await aTenant(world)];
    await anEndpoint(world, tenant, HOOK);
    const before = anEvent(tenant.id, { createdAt: new Date(Date.now() - 60_000) });
    expect(await consume([anEvent(other.id), anEvent(null), before])).toBe(0);
    expect(await deliveriesOf(world, tenant)).toEqual([]);
    expect(await deliveriesOf(world, other)).toEqual([]);
  });

  test('makes none for an endpoint that is switched off or deleted', async () => {
    const tenant = await aTenant(world);
    const off = await anEndpoint(world, tenant, HOOK);
    const gone = await anEndpoint(world, tenant, HOOK);
    await world.services.webhookEndpoints.disable(tenant.scope, off);
    await world.services.webhookEndpoints.delete(tenant.scope, gone);
    expect(await consume([anEvent(tenant.id)])).toBe(0);
  });

  test('about webhooks makes none, so that they never feed on themselves', async () => {
    const tenant = await aTenant(world);
    const { endpointId } = await anEndpoint(world, tenant, HOOK, { events: ['*'] });
    await world.services.webhookEndpoints.update(tenant.scope, { endpointId, thin: true });
    await world.services.webhookEndpoints.rotateSecret(tenant.scope, { endpointId });
    await someEvents(world, tenant);
    const names = (await deliveriesOf(world, tenant)).map(({ eventName }) => eventName);
    expect(names).toEqual(['billing.credited']);
  });

  test('goes to a thin endpoint, or where it is too large, with ids alone', async () => {
    const tenant = await aTenant(world);
    const thin = await anEndpoint(world, tenant, HOOK, { thin: true });
    const full = await anEndpoint(world, tenant, HOOK);
    const [small, large] = [anEvent(tenant.id), anEvent(tenant.id, { payload: { text: 'x'.repeat(30_000) } })];
    await consume([small, large]);
    const payloads = await Promise.all(
      (await deliveriesOf(world, tenant)).map(async ({ id, endpointId, eventId }) => {
        const { requestBody } = await world.services.webhookDeliveries.get(tenant.scope, { deliveryId: id });
        expect(Buffer.byteLength(requestBody)).toBeLessThan(20_000);
        return [endpointId === thin.endpointId, eventId === large.id, JSON.parse(requestBody).data.payload];
      }),
    );
    expect(full.endpointId).not.toBe(thin.endpointId);
    expect(payloads).toHaveLength(4);
    expect(payloads).toEqual(
      expect.arrayContaining([
        [true, false, null],
        [true, true, null],
        [false, false, { amount: 1 }],
        [false, true, null],
      ]),
    );
  });
});

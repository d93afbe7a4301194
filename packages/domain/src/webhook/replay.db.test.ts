import { aTenant, useWorld } from '@morket/testing';
import { answering } from '@morket/testing/webhook-receiver';
import { describe, expect, test } from 'vitest';
import {
  anEndpoint,
  deliveriesOf,
  dispatchUntil,
  onlyDelivery,
  passTime,
  settled,
  someEvents,
  startDispatcher,
  useReceiver,
  WITH_PRIVATE,
} from '../../test/webhook-lab.ts';

const world = useWorld(WITH_PRIVATE);
const receiver = useReceiver();

const ONE_KIND = { events: ['billing.credited'] };
const ids = () => receiver.received.map(({ headers }) => headers['webhook-id']);

/** A tenant with an endpoint and as many deliveries, all of which were given up. */
async function withFailed(count: number) {
  const tenant = await aTenant(world);
  const { endpointId } = await anEndpoint(world, tenant, receiver.url, ONE_KIND);
  await someEvents(world, tenant, count);
  await world.db.read.$executeRaw`
    update webhook_deliveries set state = 'failed', attempts = 10, settled_at = now() where workspace_id = ${tenant.id}::uuid`;
  return { tenant, endpointId };
}

describe('one delivery', () => {
  test('goes out again at once under the same id, with further attempts and the schedule from its beginning', async () => {
    const tenant = await aTenant(world);
    await anEndpoint(world, tenant, receiver.url, ONE_KIND);
    await someEvents(world, tenant);
    await dispatchUntil(world, settled(world, tenant));
    const { id } = await onlyDelivery(world, tenant);
    receiver.behave(answering(500));
    const replayed = await world.services.webhookDeliveries.replay(tenant.scope, { deliveryId: id });
    expect(replayed).toMatchObject({ id, state: 'pending', attempts: 1, settledAt: null });
    await dispatchUntil(world, async () => (await onlyDelivery(world, tenant)).attempts === 2);
    const failed = await onlyDelivery(world, tenant);
    expect(failed).toMatchObject({ state: 'pending', lastStatus: 500 });
    // The first retry of a round comes after five seconds.
    expect((failed.nextAttemptAt?.getTime() ?? 0) - Date.now()).toBeLessThanOrEqual(5_000);
    receiver.behave(answering(200));
    await passTime(world, tenant);
    await dispatchUntil(world, settled(world, tenant));
    expect((await onlyDelivery(world, tenant)).log.map(({ number, status }) => [number, status])).toEqual([
      [3, 200],
      [2, 500],
      [1, 200],
    ]);
    expect(new Set(ids()).size).toBe(1);
  });

  test('goes out again although the endpoint is paused', async () => {
    const { tenant, endpointId } = await withFailed(1);
    await world.db.read.$executeRaw`
      update webhook_endpoints set consecutive_failures = 9, paused_until = now() + interval '1 hour' where id = ${endpointId}::uuid`;
    const { id } = await onlyDelivery(world, tenant);
    await world.services.webhookDeliveries.replay(tenant.scope, { deliveryId: id });
    await dispatchUntil(world, settled(world, tenant));
    expect(receiver.received).toHaveLength(1);
  });

  test('that is being sent right now, or whose endpoint is switched off, does not', async () => {
    const tenant = await aTenant(world);
    const { endpointId } = await anEndpoint(world, tenant, receiver.url, ONE_KIND);
    await someEvents(world, tenant);
    const { id: deliveryId } = await onlyDelivery(world, tenant);
    receiver.behave(() => undefined);
    const running = startDispatcher(world, { limits: { graceMs: 1 } });
    await expect.poll(() => receiver.received.length).toBe(1);
    const { replay } = world.services.webhookDeliveries;
    await expect(replay(tenant.scope, { deliveryId })).rejects.toThrow('being sent right now');
    await running.stop();
    await world.services.webhookEndpoints.disable(tenant.scope, { endpointId });
    await expect(replay(tenant.scope, { deliveryId })).rejects.toThrow('is disabled');
  });
});

describe('a span of time', () => {
  const span = (endpointId: string) => ({ endpointId, from: '2026-01-01T00:00:00Z', to: '2099-01-01T00:00:00Z' });

  test('takes what failed, unless more is asked for, and spreads it over time', async () => {
    const { tenant, endpointId } = await withFailed(60);
    await world.db.read.$executeRaw`
      update webhook_deliveries set state = 'delivered' where workspace_id = ${tenant.id}::uuid
         and id in (select id from webhook_deliveries where workspace_id = ${tenant.id}::uuid order by id limit 10)`;
    const { replayRange } = world.services.webhookDeliveries;
    expect(await replayRange(tenant.scope, span(endpointId))).toEqual({ replayed: 50, hasMore: false });
    const due = (await deliveriesOf(world, tenant)).flatMap(({ nextAttemptAt }) => nextAttemptAt?.getTime() ?? []);
    expect(due).toHaveLength(50);
    const spreadMs = Math.max(...due) - Math.min(...due);
    expect(spreadMs).toBeGreaterThan(900);
    expect(spreadMs).toBeLessThan(1_100);
    expect(await replayRange(tenant.scope, { ...span(endpointId), states: ['failed', 'delivered'] })).toEqual({
      ...{ replayed: 10, hasMore: false },
    });
    await passTime(world, tenant);
    await dispatchUntil(world, settled(world, tenant));
    expect(new Set(ids()).size).toBe(60);
  });

  test('takes nothing from outside of it', async () => {
    const { tenant, endpointId } = await withFailed(3);
    const { replayRange } = world.services.webhookDeliveries;
    const past = { endpointId, from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' };
    expect(await replayRange(tenant.scope, past)).toEqual({ replayed: 0, hasMore: false });
    expect(await replayRange(tenant.scope, span((await withFailed(1)).endpointId)).catch(() => 'none')).toBe('none');
  });
});

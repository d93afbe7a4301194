import { aTenant, type Tenant, useWorld } from '@morket/testing';
import { answering } from '@morket/testing/webhook-receiver';
import { describe, expect, test, vi } from 'vitest';
import {
  anEndpoint,
  deliveriesOf,
  dispatchUntil,
  passTime,
  someEvents,
  startDispatcher,
  useReceiver,
  WAITING,
  WITH_PRIVATE,
} from '../../test/webhook-lab.ts';
import { OPENS_AFTER } from './health.model.ts';

const world = useWorld(WITH_PRIVATE);
const receiver = useReceiver();

const endpointOf = (tenant: Tenant, endpointId: string) =>
  world.services.webhookEndpoints.get(tenant.scope, { endpointId });

/** An endpoint whose circuit has just opened, with deliveries waiting. */
async function anOpenCircuit(waiting: number) {
  const tenant = await aTenant(world);
  const { endpointId } = await anEndpoint(world, tenant, receiver.url, { events: ['billing.credited'] });
  receiver.behave(answering(500));
  await someEvents(world, tenant, waiting);
  const isOpen = async () => (await endpointOf(tenant, endpointId)).consecutiveFailures >= OPENS_AFTER;
  await dispatchUntil(world, isOpen, { limits: { perEndpoint: 4 } });
  return { tenant, endpointId };
}

describe('the circuit', () => {
  test('opens after failures in a row: what is due waits, and nobody else does', async () => {
    const { tenant, endpointId } = await anOpenCircuit(30);
    const sent = receiver.received.length;
    expect(sent).toBeLessThan(20);
    const endpoint = await endpointOf(tenant, endpointId);
    expect(endpoint.pausedUntil?.getTime()).toBeGreaterThan(Date.now() + 10_000);
    const other = await aTenant(world);
    await anEndpoint(world, other, `${receiver.url}/other`);
    await someEvents(world, other);
    await dispatchUntil(world, () => receiver.at('/hook/other').length > 0);
    expect(receiver.at('/hook')).toHaveLength(sent);
  });

  test('half open, lets one attempt ask; when it succeeds everything goes out', async () => {
    const { tenant, endpointId } = await anOpenCircuit(12);
    const before = receiver.received.length;
    let open = 0;
    let most = 0;
    const release: (() => void)[] = [];
    receiver.behave((response) => {
      open += 1;
      most = Math.max(most, open);
      release.push(() => {
        open -= 1;
        response.writeHead(200).end();
      });
    });
    await passTime(world, tenant);
    const running = startDispatcher(world, { limits: { perEndpoint: 4 } });
    await vi.waitFor(() => expect(release).toHaveLength(1), WAITING);
    // Several more rounds of claiming: none of them adds to the probe.
    for (let round = 0; round < 5; round += 1) {
      running.wake();
      await world.db.read.$queryRaw`select 1`;
    }
    expect(receiver.received.length - before).toBe(1);
    receiver.behave(answering(200));
    release.splice(0).forEach((answer) => void answer());
    await vi.waitFor(async () => {
      const deliveries = await deliveriesOf(world, tenant);
      expect(deliveries.every(({ state }) => state === 'delivered')).toBe(true);
    }, WAITING);
    await running.stop();
    expect(most).toBe(1);
    expect(await endpointOf(tenant, endpointId)).toMatchObject({
      consecutiveFailures: 0,
      failingSince: null,
      pausedUntil: null,
    });
  });

  test('a probe that fails keeps it open for longer', async () => {
    const { tenant, endpointId } = await anOpenCircuit(10);
    const { consecutiveFailures } = await endpointOf(tenant, endpointId);
    await passTime(world, tenant);
    const isProbed = async () => (await endpointOf(tenant, endpointId)).consecutiveFailures > consecutiveFailures;
    await dispatchUntil(world, isProbed, { limits: { perEndpoint: 4 } });
    const endpoint = await endpointOf(tenant, endpointId);
    expect(endpoint.consecutiveFailures).toBe(consecutiveFailures + 1);
    expect(endpoint.pausedUntil?.getTime()).toBeGreaterThan(Date.now() + 45_000);
  });
});

describe('switching off', () => {
  const events = (tenant: Tenant) => world.db.read.$queryRaw<{ payload: unknown; actor: string | null }[]>`
    select payload, actor_id as actor from outbox where workspace_id = ${tenant.id}::uuid and name = 'webhook.endpoint_disabled'`;

  test('comes after five days without a success, not a day earlier, with one event that tells since when', async () => {
    const tenant = await aTenant(world);
    const { endpointId } = await anEndpoint(world, tenant, receiver.url, { events: ['billing.credited'] });
    receiver.behave(answering(500));
    await someEvents(world, tenant, 3);
    await dispatchUntil(world, async () => (await deliveriesOf(world, tenant)).every(({ attempts }) => attempts === 1));
    const failFor = async (days: number) => {
      await world.db.read.$executeRaw`
        update webhook_endpoints set failing_since = now() - make_interval(hours => ${days * 24}::int) where id = ${endpointId}::uuid`;
      const { length } = receiver.received;
      await passTime(world, tenant);
      const isWritten = async () =>
        (await endpointOf(tenant, endpointId)).pausedUntil !== null || (await events(tenant)).length > 0;
      await dispatchUntil(world, async () => receiver.received.length > length && (await isWritten()));
      return endpointOf(tenant, endpointId);
    };
    // Enough failures for the circuit, so that each round leaves a trace.
    await world.db.read
      .$executeRaw`update webhook_endpoints set consecutive_failures = ${OPENS_AFTER}::int where id = ${endpointId}::uuid`;
    expect(await failFor(4)).toMatchObject({ state: 'active' });
    expect(await failFor(5)).toMatchObject({ state: 'disabled', disabledReason: 'failing' });
    const told = await events(tenant);
    expect(told).toEqual([
      {
        payload: { origin: `http://127.0.0.1:${receiver.port}`, reason: 'failing', failingSince: expect.any(String) },
        actor: null,
      },
    ]);
    const sent = receiver.received.length;
    await passTime(world, tenant);
    receiver.behave(answering(200));
    await world.services.webhookEndpoints.enable(tenant.scope, { endpointId });
    await dispatchUntil(world, async () =>
      (await deliveriesOf(world, tenant)).every(({ state }) => state === 'delivered'),
    );
    expect(receiver.received).toHaveLength(sent + 3);
    expect(await endpointOf(tenant, endpointId)).toMatchObject({ state: 'active', failingSince: null });
  });
});

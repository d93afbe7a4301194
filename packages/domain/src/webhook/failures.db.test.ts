import { aTenant, type Tenant, useWorld } from '@morket/testing';
import { answering, type Behaviour } from '@morket/testing/webhook-receiver';
import { describe, expect, test, vi } from 'vitest';
import {
  anEndpoint,
  deliveriesOf,
  dispatchUntil,
  onlyDelivery,
  passTime,
  someEvents,
  startDispatcher,
  useReceiver,
  WAITING,
  WITH_PRIVATE,
} from '../../test/webhook-lab.ts';
import { createSafeFetch } from '../safe-fetch/index.ts';
import { RETRY_DELAYS_MS } from './schedule.model.ts';

const world = useWorld(WITH_PRIVATE);
const receiver = useReceiver();

const attempted = (tenant: Tenant, times: number) => async () => {
  const deliveries = await deliveriesOf(world, tenant);
  return deliveries.length > 0 && deliveries.every(({ attempts }) => attempts >= times);
};

/** One event to one endpoint whose receiver behaves like this, and what the log says after the first attempt. */
async function afterOneAttempt(behaviour: Behaviour, options: Parameters<typeof dispatchUntil>[2] = {}) {
  const tenant = await aTenant(world);
  const { endpointId } = await anEndpoint(world, tenant, receiver.url, { events: ['billing.credited'] });
  receiver.behave(behaviour);
  await someEvents(world, tenant);
  await dispatchUntil(world, attempted(tenant, 1), options);
  const delivery = await onlyDelivery(world, tenant);
  const endpoint = await world.services.webhookEndpoints.get(tenant.scope, { endpointId });
  return { tenant, delivery, endpoint };
}

const fromNow = (at: Date | null): number => (at?.getTime() ?? 0) - Date.now();

describe('an answer that is no success', () => {
  test('is tried again, and its beginning shown without secrets', async () => {
    const echo: Behaviour = (response, { headers }) =>
      response.writeHead(500).end(`bad signature ${headers['webhook-signature']}`);
    const { delivery } = await afterOneAttempt(echo);
    expect(delivery).toMatchObject({ state: 'pending', lastStatus: 500, lastFailure: 'status' });
    expect(delivery.log).toMatchObject([
      { number: 1, status: 500, failure: 'status', excerpt: 'bad signature [redacted]' },
    ]);
  });

  test('a redirect is one, and is not followed', async () => {
    const { delivery } = await afterOneAttempt(answering(307, { location: `${receiver.url}/elsewhere` }));
    expect(delivery).toMatchObject({ state: 'pending', lastStatus: 307, lastFailure: 'redirect' });
    expect(receiver.at('/hook/elsewhere')).toEqual([]);
  });

  test('410 switches the endpoint off, and tells', async () => {
    const { tenant, endpoint } = await afterOneAttempt(answering(410));
    expect(endpoint).toMatchObject({ state: 'disabled', disabledReason: 'gone', disabledAt: expect.any(Date) });
    const [event] = await world.db.read.$queryRaw<{ payload: unknown }[]>`
      select payload from outbox where workspace_id = ${tenant.id}::uuid and name = 'webhook.endpoint_disabled'`;
    expect(event?.payload).toMatchObject({ reason: 'gone', origin: `http://127.0.0.1:${receiver.port}` });
    await someEvents(world, tenant);
    expect(await deliveriesOf(world, tenant)).toHaveLength(1);
  });

  test('429 with Retry-After keeps everything from the endpoint for that long', async () => {
    const { tenant, delivery, endpoint } = await afterOneAttempt(answering(429, { 'retry-after': '120' }));
    expect(fromNow(endpoint.pausedUntil)).toBeGreaterThan(110_000);
    expect(fromNow(delivery.nextAttemptAt)).toBeGreaterThan(110_000);
    expect(fromNow(delivery.nextAttemptAt)).toBeLessThan(125_000);
    await someEvents(world, tenant);
    const other = await aTenant(world);
    await anEndpoint(world, other, `${receiver.url}/other`);
    await someEvents(world, other);
    await dispatchUntil(world, attempted(other, 1));
    expect(receiver.at('/hook')).toHaveLength(1);
  });

  test('a Retry-After of years is bounded by an hour', async () => {
    const { endpoint } = await afterOneAttempt(answering(429, { 'retry-after': '999999999' }));
    expect(fromNow(endpoint.pausedUntil)).toBeLessThanOrEqual(3_600_000);
    expect(fromNow(endpoint.pausedUntil)).toBeGreaterThan(3_500_000);
  });

  test.each([502, 504])('%i slows the endpoint down without being asked', async (status) => {
    const { endpoint } = await afterOneAttempt(answering(status));
    expect(fromNow(endpoint.pausedUntil)).toBeGreaterThan(5_000);
  });
});

describe('no whole answer', () => {
  test('a receiver that never answers, or never ends its answer, is given up in time', async () => {
    const silent = await afterOneAttempt(() => undefined, { totalTimeoutMs: 100 });
    expect(silent.delivery).toMatchObject({ state: 'pending', lastStatus: null, lastFailure: 'timeout' });
    const endless = await afterOneAttempt((response) => response.writeHead(200).write('{'), { totalTimeoutMs: 100 });
    expect(endless.delivery).toMatchObject({ state: 'pending', lastFailure: 'timeout' });
  });

  test('a connection that breaks', async () => {
    const { delivery } = await afterOneAttempt((response) => response.socket?.destroy());
    expect(delivery).toMatchObject({ state: 'pending', lastStatus: null, lastFailure: 'reset' });
    expect(delivery.log[0]).toMatchObject({ number: 1, status: null, excerpt: null });
  });

  test('a success with an enormous body is a success: nobody reads the rest', async () => {
    const { delivery } = await afterOneAttempt((response) => response.writeHead(200).end('x'.repeat(2_000_000)));
    expect(delivery).toMatchObject({ state: 'delivered', lastStatus: 200 });
    expect(delivery.log[0]?.excerpt).toHaveLength(1_024);
  });

  test('a name that leads to a network of our own is not connected to, however it looked before', async () => {
    const strict = createSafeFetch({ policy: { allowPrivate: false, ports: [] }, resolve: async () => ['127.0.0.1'] });
    const tenant = await aTenant(world);
    await anEndpoint(world, tenant, 'https://hooks.example.com/morket', { events: ['billing.credited'] });
    await someEvents(world, tenant);
    await dispatchUntil(world, attempted(tenant, 1), { fetch: strict });
    expect(await onlyDelivery(world, tenant)).toMatchObject({ state: 'pending', lastFailure: 'unsafe_address' });
    strict.close();
  });

  test('an address of our own that stands in a row, however it came there, is not connected to', async () => {
    const strict = createSafeFetch({ policy: { allowPrivate: false, ports: [] } });
    const tenant = await aTenant(world);
    await anEndpoint(world, tenant, receiver.url, { events: ['billing.credited'] });
    await someEvents(world, tenant);
    await dispatchUntil(world, attempted(tenant, 1), { fetch: strict });
    expect(await onlyDelivery(world, tenant)).toMatchObject({ state: 'pending', lastFailure: 'unsafe_url' });
    expect(receiver.received).toEqual([]);
    strict.close();
  });
});

describe('a delivery that always fails', () => {
  test('is tried ten times by the schedule, always under the same id with a time of its own, and then given up', async () => {
    const tenant = await aTenant(world);
    await anEndpoint(world, tenant, receiver.url, { events: ['billing.credited'] });
    receiver.behave(answering(500));
    await someEvents(world, tenant);
    const running = startDispatcher(world);
    for (let number = 1; number <= RETRY_DELAYS_MS.length; number += 1) {
      await vi.waitFor(
        async () => expect(await onlyDelivery(world, tenant)).toMatchObject({ attempts: number }),
        WAITING,
      );
      const { nextAttemptAt, state } = await onlyDelivery(world, tenant);
      const delayMs = RETRY_DELAYS_MS[number];
      expect(state).toBe(delayMs === undefined ? 'failed' : 'pending');
      if (delayMs === undefined) break;
      // Behind an open circuit the pause may be longer than the first delays.
      expect(fromNow(nextAttemptAt)).toBeGreaterThan(delayMs - 3_000);
      expect(fromNow(nextAttemptAt)).toBeLessThanOrEqual(Math.max(delayMs, 60_000));
      await passTime(world, tenant);
    }
    await running.stop();
    expect(receiver.received).toHaveLength(10);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    const delivery = await onlyDelivery(world, tenant);
    expect(delivery).toMatchObject({ state: 'failed', attempts: 10, nextAttemptAt: null, settledAt: expect.any(Date) });
    expect(delivery.log.map(({ number }) => number)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  });
});

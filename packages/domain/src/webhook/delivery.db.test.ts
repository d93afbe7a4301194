import { aTenant, useWorld } from '@morket/testing';

import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import {
  anEndpoint,
  deliveriesOf,
  dispatchUntil,
  onlyDelivery,
  someEvents,
  useReceiver,
  WITH_PRIVATE,
} from '../../test/webhook-lab.ts';

const world = useWorld(WITH_PRIVATE);
const receiver = useReceiver();

const settled = (tenant: Parameters<typeof deliveriesOf>[1]) => async () =>
  (await deliveriesOf(world, tenant)).every(({ state }) => state !== 'pending');

describe('what arrives', () => {
  test('a receiver with the official library accepts it, and refuses it changed, old, or under another secret', async () => {
    const tenant = await aTenant(world);
    const { secret } = await anEndpoint(world, tenant, receiver.url, { events: ['billing.credited'] });
    await someEvents(world, tenant);
    await dispatchUntil(world, settled(tenant));

    const [one] = receiver.received;
    expect(receiver.received).toHaveLength(1);
    const { headers, body } = one ?? { headers: {}, body: '' };
    const verified = new Webhook(secret).verify(body, headers);
    expect(verified).toEqual({
      type: 'billing.credited',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      data: {
        workspaceId: tenant.id,
        aggregate: { type: 'billing_account', id: tenant.id },
        version: 1,
        sequence: expect.any(Number),
        payload: expect.objectContaining({ amount: 1 }),
      },
    });
    expect(() => new Webhook(secret).verify(body.replace('"amount":1', '"amount":2'), headers)).toThrow('signature');
    const other = `whsec_${Buffer.alloc(32).toString('base64')}`;
    expect(() => new Webhook(other).verify(body, headers)).toThrow('signature');
    const old = { ...headers, 'webhook-timestamp': String(Math.floor(Date.now() / 1_000) - 600) };
    expect(() => new Webhook(secret).verify(body, old)).toThrow('too old');
  });

  test('the log shows the body byte for byte, the attempt and its answer', async () => {
    const tenant = await aTenant(world);
    await anEndpoint(world, tenant, receiver.url, { events: ['billing.*'] });
    await someEvents(world, tenant);
    await dispatchUntil(world, settled(tenant));
    const delivery = await onlyDelivery(world, tenant);
    expect(delivery).toMatchObject({
      state: 'delivered',
      attempts: 1,
      lastStatus: 200,
      lastFailure: null,
      nextAttemptAt: null,
    });
    expect(delivery.requestBody).toBe(receiver.received[0]?.body);
    expect(delivery.eventId).toBe(receiver.received[0]?.headers['webhook-id']);
    expect(delivery.log).toEqual([
      {
        number: 1,
        startedAt: expect.any(Date),
        durationMs: expect.any(Number),
        status: 200,
        failure: null,
        excerpt: null,
      },
    ]);
  });

  test('with the trace of the request that brought it about', async () => {
    const tenant = await aTenant(world);
    await anEndpoint(world, tenant, receiver.url, { events: ['billing.credited'] });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const origin = { ...tenant.scope.origin, traceparent };
    await world.services.billing.addCredits({ ...tenant.scope, origin }, { amount: 1, description: 'traced' });
    await world.deliverEvents();
    await dispatchUntil(world, settled(tenant));
    expect(receiver.received[0]?.headers.traceparent).toBe(traceparent);
  });

  test('a test event goes to the endpoint it was asked for alone, with ids only where it is thin', async () => {
    const tenant = await aTenant(world);
    const asked = await anEndpoint(world, tenant, `${receiver.url}/asked`, { events: ['workspace.*'], thin: true });
    await anEndpoint(world, tenant, `${receiver.url}/other`);
    const { eventId } = await world.services.webhookDeliveries.test(tenant.scope, asked);
    await world.deliverEvents();
    await dispatchUntil(world, settled(tenant));
    const tests = receiver.received.filter(({ body }) => body.includes('webhook.'));
    expect(tests).toMatchObject([{ path: '/hook/asked', headers: { 'webhook-id': eventId } }]);
    expect(JSON.parse(tests[0]?.body ?? '')).toMatchObject({
      type: 'webhook.test',
      data: { aggregate: { type: 'webhook_endpoint', id: asked.endpointId }, payload: null },
    });
  });
});

describe('secrets sign', () => {
  const verifies = (secret: string) => {
    const { body, headers } = receiver.received.at(-1) ?? { body: '', headers: {} };
    try {
      new Webhook(secret).verify(body, headers);
      return true;
    } catch {
      return false;
    }
  };

  test('both of them while one replaces the other, afterwards the new one alone', async () => {
    const tenant = await aTenant(world);
    const { endpointId, secret } = await anEndpoint(world, tenant, receiver.url);
    const rotated = await world.services.webhookEndpoints.rotateSecret(tenant.scope, { endpointId });
    const newSecret = rotated.secret ?? '';
    const graceMs = (rotated.endpoint.previousSecretUntil?.getTime() ?? 0) - Date.now();
    expect(Math.round(graceMs / 3_600_000)).toBe(24);
    await someEvents(world, tenant);
    await dispatchUntil(world, settled(tenant));
    expect([verifies(secret), verifies(newSecret)]).toEqual([true, true]);

    await world.db.read
      .$executeRaw`update webhook_endpoints set previous_secret_until = now() where id = ${endpointId}::uuid`;
    await someEvents(world, tenant);
    await dispatchUntil(world, settled(tenant));
    expect([verifies(secret), verifies(newSecret)]).toEqual([false, true]);
  });

  test('the new one alone at once where no grace is wanted', async () => {
    const tenant = await aTenant(world);
    const { endpointId, secret } = await anEndpoint(world, tenant, receiver.url);
    const rotated = await world.services.webhookEndpoints.rotateSecret(tenant.scope, { endpointId, graceHours: 0 });
    expect(rotated.endpoint.previousSecretUntil).toBeNull();
    await someEvents(world, tenant);
    await dispatchUntil(world, settled(tenant));
    expect([verifies(secret), verifies(rotated.secret ?? '')]).toEqual([false, true]);
  });
});

import { aTenant, useWorld } from '@morket/testing';
import { send } from '@morket/testing/http';
import { startReceiver, type WebhookReceiver } from '@morket/testing/webhook-receiver';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { composeWorker } from './compose.ts';

const world = useWorld({ env: { WEBHOOK_ALLOW_PRIVATE: 'true' } });
let receiver: WebhookReceiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.close());

const startWorker = () => {
  const { db, databaseUrl, configuration } = world;
  const worker = composeWorker({ db, databaseUrl, configuration, log: pino({ level: 'silent' }), commits: db });
  worker.start();
  return worker;
};

describe('a running worker', () => {
  test('delivers what happens at once, to whoever set up an endpoint over REST', async () => {
    const tenant = await aTenant(world);
    const token = tenant.owner.accessToken;
    const url = `/api/v1/workspaces/${tenant.id}/webhook-endpoints`;
    const payload = { url: receiver.url, events: ['billing.credited'] };
    const made = await send(world, { method: 'POST', url, payload }, { token });
    expect(made).toMatchObject({ status: 201, data: { secret: expect.stringMatching(/^whsec_/) } });
    const worker = startWorker();
    try {
      await world.services.billing.addCredits(tenant.scope, { amount: 1, description: 'warm' });
      await vi.waitFor(() => expect(receiver.received).toHaveLength(1), { timeout: 15_000 });
      const happenedAt = performance.now();
      await world.services.billing.addCredits(tenant.scope, { amount: 2, description: 'measured' });
      await vi.waitFor(() => expect(receiver.received).toHaveLength(2), { timeout: 15_000, interval: 5 });
      expect(performance.now() - happenedAt).toBeLessThan(2_000);
    } finally {
      await worker.stop();
    }
    const listed = await send(
      world,
      { method: 'GET', url: `/api/v1/workspaces/${tenant.id}/webhook-deliveries` },
      { token },
    );
    expect(listed.data).toMatchObject([{ state: 'delivered' }, { state: 'delivered' }]);
  });
});

describe('the secret', () => {
  test('is in the first answer alone: a repeat of the same call gets none, and makes nothing', async () => {
    const tenant = await aTenant(world);
    const url = `/api/v1/workspaces/${tenant.id}/webhook-endpoints`;
    const payload = { url: 'https://hooks.example.com/', events: ['*'] };
    const create = () => {
      const headers = { 'idempotency-key': 'one-endpoint-once' };
      return send(world, { method: 'POST', url, payload }, { token: tenant.owner.accessToken, headers });
    };
    const [first, second] = [await create(), await create()];
    expect(first.data).toMatchObject({ secret: expect.stringMatching(/^whsec_/) });
    expect(second).toMatchObject({ status: 201, data: { ...Object(first.data), secret: null } });
    const listed = await send(world, { method: 'GET', url }, { token: tenant.owner.accessToken });
    expect(listed.data).toHaveLength(1);
    expect(JSON.stringify(listed.data)).not.toContain('whsec_');
  });
});

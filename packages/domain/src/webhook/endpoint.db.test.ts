import { PLANS } from '@morket/contract/plan';
import { UnknownWebhookEvents, UnsafeWebhookUrl, WebhookEndpointNotFound } from '@morket/contract/webhook';
import { aTenant, useWorld } from '@morket/testing';
import { withClient } from '@morket/testing/template-database';
import { describe, expect, test } from 'vitest';
import { anEndpoint, someEvents } from '../../test/webhook-lab.ts';

/** As in production: https and public addresses alone. */
const world = useWorld();
const URL_OF_OURS = 'https://hooks.example.com/morket/t0ken';

describe('an address', () => {
  test.each([
    ['http://hooks.example.com/', 'scheme'],
    ['https://127.0.0.1/', 'address'],
    ['https://169.254.169.254/latest/meta-data/', 'address'],
    ['https://[::ffff:10.0.0.1]/', 'host'],
    ['https://0x7f000001/', 'host'],
    ['https://localhost/', 'host'],
    ['https://hooks.example.com:25/', 'port'],
    ['https://user:secret@hooks.example.com/', 'userinfo'],
  ])('%s is refused for its %s when an endpoint is made and when one is changed', async (url, reason) => {
    const tenant = await aTenant(world);
    const refused = await anEndpoint(world, tenant, url).catch((err: unknown) => err);
    expect(UnsafeWebhookUrl.is(refused) && refused.details.reason).toBe(reason);
    const { endpointId } = await anEndpoint(world, tenant, URL_OF_OURS);
    const changed = world.services.webhookEndpoints.update(tenant.scope, { endpointId, url });
    await expect(changed).rejects.toThrow('Deliveries cannot go to this URL');
  });

  test('another one begins without the failures of the one before; other changes keep them', async () => {
    const tenant = await aTenant(world);
    const { endpointId } = await anEndpoint(world, tenant, URL_OF_OURS);
    await world.db.read.$executeRaw`
      update webhook_endpoints set consecutive_failures = 7, failing_since = now(), paused_until = now() + interval '1 hour'
       where id = ${endpointId}::uuid`;
    const { update } = world.services.webhookEndpoints;
    expect(await update(tenant.scope, { endpointId, thin: true })).toMatchObject({
      thin: true,
      consecutiveFailures: 7,
    });
    expect(await update(tenant.scope, { endpointId, url: `${URL_OF_OURS}/new` })).toMatchObject({
      ...{ thin: true, consecutiveFailures: 0, failingSince: null, pausedUntil: null },
    });
  });
});

describe('the filter', () => {
  test('is held against the catalogue, by name', async () => {
    const tenant = await aTenant(world);
    const events = ['billing.*', 'billing.debit', 'nothing.*', 'webhook.*'];
    const refused = await anEndpoint(world, tenant, URL_OF_OURS, { events }).catch((err: unknown) => err);
    expect(UnknownWebhookEvents.is(refused) && refused.details.unknown).toEqual([
      'billing.debit',
      'nothing.*',
      'webhook.*',
    ]);
  });
});

describe('the number of endpoints', () => {
  test('is limited by the plan, also for callers who come at once', async () => {
    const tenant = await aTenant(world);
    const most = PLANS.free.limits.webhookEndpoints ?? 0;
    const tries = await Promise.allSettled(
      Array.from({ length: most + 3 }, () => anEndpoint(world, tenant, URL_OF_OURS)),
    );
    const refused = tries.flatMap((one) => (one.status === 'rejected' ? [String(one.reason.code)] : []));
    expect(refused).toEqual(Array.from({ length: 3 }, () => 'plan.limit_reached'));
  });
});

describe('the signing secret', () => {
  test('is in no row, no event, no audit entry and no log, of a new endpoint, a rotated and a deleted one', async () => {
    const tenant = await aTenant(world);
    const { endpointId, secret } = await anEndpoint(world, tenant, URL_OF_OURS);
    const rotated = await world.services.webhookEndpoints.rotateSecret(tenant.scope, { endpointId });
    await someEvents(world, tenant);
    await world.services.webhookEndpoints.get(tenant.scope, { endpointId });
    const secrets = [secret, rotated.secret ?? ''].flatMap((one) => {
      const bytes = Buffer.from(one.slice('whsec_'.length), 'base64');
      return [one.slice('whsec_'.length), bytes.toString('hex')];
    });
    expect(new Set(secrets).size).toBe(4);
    await withClient(world.databaseUrl, async (client) => {
      const { rows: tables } = await client.query<{ name: string }>(
        `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
      );
      for (const { name } of tables) {
        const { rows } = await client.query<{ row: string }>(
          `select r::text as row from ${client.escapeIdentifier(name)} r`,
        );
        const text = rows.map(({ row }) => row).join('\n');
        for (const one of secrets) expect(text, name).not.toContain(one);
      }
    });
    const logs = JSON.stringify(world.takeLogs());
    for (const one of secrets) expect(logs).not.toContain(one);
  });

  test('goes with the endpoint', async () => {
    const tenant = await aTenant(world);
    const { endpointId } = await anEndpoint(world, tenant, URL_OF_OURS);
    await world.services.webhookEndpoints.rotateSecret(tenant.scope, { endpointId });
    await world.services.webhookEndpoints.delete(tenant.scope, { endpointId });
    const [row] = await world.db.read.$queryRaw<unknown[]>`
      select sealed_secret, sealed_previous from webhook_endpoints where id = ${endpointId}::uuid`;
    expect(row).toEqual({ sealed_secret: null, sealed_previous: null });
  });

  test('nor does the token in the path of an address stand in the audit log', async () => {
    const tenant = await aTenant(world);
    const { endpointId } = await anEndpoint(world, tenant, URL_OF_OURS);
    await world.services.webhookEndpoints.update(tenant.scope, { endpointId, url: 'https://other.example.com/t0ken' });
    const entries = await world.db.read.$queryRaw<{ changes: unknown }[]>`
      select changes from audit_log where workspace_id = ${tenant.id}::uuid and entity_type = 'webhook_endpoint'`;
    expect(JSON.stringify(entries)).not.toContain('t0ken');
    expect(JSON.stringify(entries)).toContain('https://other.example.com');
  });
});

describe('another tenant', () => {
  test('sees and touches none of it', async () => {
    const [tenant, stranger] = [await aTenant(world), await aTenant(world)];
    const made = await anEndpoint(world, tenant, URL_OF_OURS);
    const { webhookEndpoints, webhookDeliveries } = world.services;
    const { id: deliveryId } = await webhookDeliveries.test(tenant.scope, made);
    const span = { from: '2026-01-01T00:00:00Z', to: '2099-01-01T00:00:00Z' };
    const { scope } = stranger;
    const tries: readonly (() => Promise<unknown>)[] = [
      () => webhookEndpoints.get(scope, made),
      () => webhookEndpoints.update(scope, { ...made, thin: true }),
      () => webhookEndpoints.delete(scope, made),
      () => webhookEndpoints.disable(scope, made),
      () => webhookEndpoints.rotateSecret(scope, made),
      () => webhookDeliveries.test(scope, made),
      () => webhookDeliveries.replayRange(scope, { ...made, ...span }),
    ];
    for (const one of tries) expect(WebhookEndpointNotFound.is(await one().catch((err: unknown) => err))).toBe(true);
    await expect(webhookDeliveries.get(stranger.scope, { deliveryId })).rejects.toThrow('no such webhook delivery');
    await expect(webhookDeliveries.replay(stranger.scope, { deliveryId })).rejects.toThrow('no such webhook delivery');
    const filter = { page: 1, limit: 10, endpointId: made.endpointId };
    expect(await webhookDeliveries.list(stranger.scope, filter)).toMatchObject({ items: [], total: 0 });
  });
});

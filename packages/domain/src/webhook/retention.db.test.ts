import { aTenant, useWorld } from '@morket/testing';
import { expect, test } from 'vitest';
import { anEndpoint, deliveriesOf, someEvents } from '../../test/webhook-lab.ts';
import { parseKeyRing, retireKey, verifyKeyRing } from '../secrets/index.ts';
import { countWebhookSecretsByKeyVersion, rewrapWebhookSecrets, sweepWebhooks } from './index.ts';
import { openSecret } from './signing.ts';

const world = useWorld();
const HOOK = 'https://hooks.example.com/';

test('deliveries and their logs are kept for thirty days, deleted endpoints until their last delivery is gone', async () => {
  const tenant = await aTenant(world);
  const { endpointId } = await anEndpoint(world, tenant, HOOK, { events: ['billing.credited'] });
  await someEvents(world, tenant, 2);
  const [old, young] = await deliveriesOf(world, tenant);
  const age = (id: string | undefined, hours: number) => world.db.read.$executeRaw`
    update webhook_deliveries set created_at = now() - make_interval(hours => ${hours}::int) where id = ${id}::uuid`;
  await age(old?.id, 30 * 24 + 1);
  await age(young?.id, 30 * 24 - 1);
  await world.db.read.$executeRaw`
    insert into webhook_attempts (workspace_id, delivery_id, number, started_at, duration_ms)
    values (${tenant.id}::uuid, ${old?.id}::uuid, 1, now(), 5)`;
  await world.services.webhookEndpoints.delete(tenant.scope, { endpointId });
  const endpoints = () => world.db.read.webhookEndpoint.count({ where: { workspaceId: tenant.id } });

  expect(await sweepWebhooks(world.db)).toEqual({ deliveries: 1 });
  expect((await deliveriesOf(world, tenant)).map(({ id }) => id)).toEqual([young?.id]);
  expect(await endpoints()).toBe(1);
  await age(young?.id, 30 * 24 + 1);
  await sweepWebhooks(world.db);
  expect(await endpoints()).toBe(0);
  expect(await world.db.read.webhookAttempt.count({ where: { workspaceId: tenant.id } })).toBe(0);
});

test('what waits for a deleted endpoint is settled, except what is just being sent; what waits for another goes on waiting', async () => {
  const tenant = await aTenant(world);
  const gone = await anEndpoint(world, tenant, HOOK, { events: ['billing.credited'] });
  const kept = await anEndpoint(world, tenant, HOOK, { events: ['billing.credited'] });
  await someEvents(world, tenant, 2);
  const [underWay] = (await deliveriesOf(world, tenant)).filter(({ endpointId }) => endpointId === gone.endpointId);
  await world.db.read.$executeRaw`
    update webhook_deliveries set lease_id = gen_random_uuid(), due_at = now() + interval '1 minute' where id = ${underWay?.id}::uuid`;
  await world.services.webhookEndpoints.delete(tenant.scope, gone);
  await sweepWebhooks(world.db);
  const statesOf = async ({ endpointId }: { readonly endpointId: string }) =>
    (await deliveriesOf(world, tenant)).filter((one) => one.endpointId === endpointId).map(({ state }) => state);
  expect((await statesOf(gone)).toSorted()).toEqual(['failed', 'pending']);
  expect(await statesOf(kept)).toEqual(['pending', 'pending']);
});

test('a secret that signs no more is forgotten, one that still does is kept', async () => {
  const tenant = await aTenant(world);
  const { endpointId } = await anEndpoint(world, tenant, HOOK);
  const { rotateSecret, get } = world.services.webhookEndpoints;
  await rotateSecret(tenant.scope, { endpointId });
  await sweepWebhooks(world.db);
  expect((await get(tenant.scope, { endpointId })).previousSecretUntil).not.toBeNull();
  await world.db.read
    .$executeRaw`update webhook_endpoints set previous_secret_until = now() where id = ${endpointId}::uuid`;
  await sweepWebhooks(world.db);
  expect((await get(tenant.scope, { endpointId })).previousSecretUntil).toBeNull();
});

test('signing secrets move to a new master key, which the old one cannot be given up before', async () => {
  const tenant = await aTenant(world);
  const { endpointId, secret } = await anEndpoint(world, tenant, HOOK);
  const rotated = await world.services.webhookEndpoints.rotateSecret(tenant.scope, { endpointId });
  const ring = parseKeyRing(`2:${'43'.repeat(32)},1:${'42'.repeat(32)}`);
  await verifyKeyRing(world.db, ring);
  await expect(retireKey(world.db, 1)).rejects.toThrow('rewrap first');
  for (let done = -1; done !== 0; ) done = await rewrapWebhookSecrets(world.db, ring, 1);
  expect([...(await countWebhookSecretsByKeyVersion(world.db)).keys()]).toEqual([2]);
  await retireKey(world.db, 1);
  const row = await world.db.read.webhookEndpoint.findFirstOrThrow({
    where: { id: endpointId },
    include: { workspace: true },
  });
  const owner = { workspaceId: tenant.id, salt: row.workspace.keySalt, endpointId };
  const opened = [row.sealedSecret, row.sealedPrevious].map((sealed) =>
    openSecret(ring, owner, { sealed: sealed ?? new Uint8Array(), keyVersion: 2 }),
  );
  expect(opened).toEqual([rotated.secret, secret]);
});

import { aTenant, type Tenant, useWorld } from '@morket/testing';
import { answering, startReceiver, type WebhookReceiver } from '@morket/testing/webhook-receiver';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { anEndpoint, startDispatcher, WAITING, WITH_PRIVATE } from '../../test/webhook-lab.ts';

/**
 * A dispatcher looks once at everybody who has something waiting, again as long as it finds something to send, and then waits until it
 * is woken, however many have something waiting that cannot be sent now.
 */

const world = useWorld(WITH_PRIVATE);
let receiver: WebhookReceiver;
beforeEach(async () => {
  receiver = await startReceiver();
  receiver.behave(answering(200));
  await world.db.read.$executeRaw`delete from webhook_deliveries`;
});
afterEach(() => receiver.close());

const MORE_THAN_VISITED_AT_ONCE = 550;
const MORE_THAN_CLAIMED_FOR_AT_ONCE = 70;
const NEVER_MS = 3_600_000;

async function manyEndpoints(tenant: Tenant, count: number): Promise<void> {
  const { endpointId } = await anEndpoint(world, tenant, receiver.url, { events: ['billing.debited'] });
  await world.db.read.$executeRaw`
    insert into webhook_endpoints (workspace_id, id, url, events, thin, ordered, sealed_secret, key_version, created_by)
    select workspace_id, gen_random_uuid(), url, events, thin, ordered, sealed_secret, key_version, created_by
      from webhook_endpoints cross join generate_series(2, ${count}::int) where id = ${endpointId}::uuid`;
}

/** One delivery more for each endpoint of the tenant, due in so many seconds; a lease that is not its own says that it is under way. */
async function addDeliveries(tenant: Tenant, dueInSeconds: number, isUnderWay = false): Promise<void> {
  await world.db.read.$executeRaw`
    insert into webhook_deliveries
      (workspace_id, id, endpoint_id, event_id, event_name, aggregate_type, aggregate_id, seq, body, due_at, lease_id)
    select workspace_id, gen_random_uuid(), id, gen_random_uuid(), 'billing.debited', 'billing_account', 'a', 1, '{}',
           now() + make_interval(secs => ${dueInSeconds}::int), case when ${isUnderWay}::bool then gen_random_uuid() end
      from webhook_endpoints where workspace_id = ${tenant.id}::uuid`;
}

/** The claims of a dispatcher that nobody wakes after its start, and of one wake more. */
async function claimsOf(): Promise<{ readonly started: number; readonly woken: number }> {
  const claims = vi.spyOn(world.db.points, 'readJson');
  const running = startDispatcher(world, { limits: { perEndpoint: 1, pollMs: NEVER_MS } });
  /** As many statements as would let one that goes round and round be caught at it. */
  const settle = async (atLeast: number) => {
    await vi.waitFor(() => expect(claims.mock.settledResults.length).toBeGreaterThanOrEqual(atLeast), WAITING);
    for (let statement = 0; statement < 100; statement += 1) await world.db.read.$queryRaw`select 1`;
    return claims.mock.calls.length;
  };
  try {
    const started = await settle(2);
    running.wake();
    return { started, woken: (await settle(started + 2)) - started };
  } finally {
    await running.stop();
    claims.mockRestore();
    expect(running.errors).toEqual([]);
  }
}

describe('a wake is one pass over all endpoints', () => {
  test('that wait for a retry, be they more than one claim looks at', async () => {
    const tenant = await aTenant(world);
    await manyEndpoints(tenant, MORE_THAN_VISITED_AT_ONCE);
    await addDeliveries(tenant, 3_600);
    expect(await claimsOf()).toEqual({ started: 2, woken: 2 });
  });

  test.each(['disabled', 'deleted'])('that are %s, with something due', async (how) => {
    const isDeleted = how === 'deleted';
    const tenant = await aTenant(world);
    await manyEndpoints(tenant, MORE_THAN_VISITED_AT_ONCE);
    await addDeliveries(tenant, -1);
    await world.db.read.$executeRaw`
      update webhook_endpoints
         set state = 'disabled', disabled_reason = 'manual', disabled_at = now(),
             deleted_at = case when ${isDeleted}::bool then now() end,
             sealed_secret = case when ${isDeleted}::bool then null else sealed_secret end
       where workspace_id = ${tenant.id}::uuid`;
    expect(await claimsOf()).toEqual({ started: 2, woken: 2 });
  });

  test('that have something due and no free slot, be they more than one claim takes from', async () => {
    const tenant = await aTenant(world);
    await manyEndpoints(tenant, MORE_THAN_CLAIMED_FOR_AT_ONCE);
    await addDeliveries(tenant, -1);
    await addDeliveries(tenant, 3_600, true);
    expect(await claimsOf()).toEqual({ started: 2, woken: 2 });
    expect(receiver.received).toEqual([]);
  });
});

test('a pass that finds something is followed by another, which gives away what the first left', async () => {
  const [busy, quiet] = [await aTenant(world), await aTenant(world)];
  await manyEndpoints(busy, 1);
  await manyEndpoints(quiet, 1);
  for (let delivery = 0; delivery < 10; delivery += 1) await addDeliveries(busy, -1);
  await addDeliveries(quiet, -1);
  receiver.behave(() => undefined);
  // The first pass gives each half of the slots; no answer wakes the dispatcher for a second.
  const limits = { slots: 12, perEndpoint: 10, pollMs: NEVER_MS, graceMs: 1 };
  const running = startDispatcher(world, { limits });
  await vi.waitFor(() => expect(receiver.received).toHaveLength(11), WAITING);
  await running.stop();
  expect(running.errors).toEqual([]);
});

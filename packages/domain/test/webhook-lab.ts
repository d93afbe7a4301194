import type { CreateWebhookEndpointInput, WebhookDelivery } from '@morket/contract/webhook';
import { createSafeFetch } from '@morket/domain/safe-fetch';
import { createWebhookDispatcher, type DispatcherDeps } from '@morket/domain/webhook';
import type { Tenant, World } from '@morket/testing';
import { startReceiver, type WebhookReceiver } from '@morket/testing/webhook-receiver';
import { afterEach, beforeEach, vi } from 'vitest';

/** Lets deliveries go to this machine. */
export const WITH_PRIVATE = { env: { WEBHOOK_ALLOW_PRIVATE: 'true' } } as const;

/** A receiver for each test of the file; its members may be read inside hooks and tests. */
export function useReceiver(): WebhookReceiver {
  let current: WebhookReceiver | undefined;
  beforeEach(async () => {
    current = await startReceiver();
  });
  afterEach(() => current?.close());
  const get = (): WebhookReceiver => {
    if (!current) throw new Error('The receiver exists only inside hooks and tests.');
    return current;
  };
  return {
    get url() {
      return get().url;
    },
    get port() {
      return get().port;
    },
    get received() {
      return get().received;
    },
    behave: (next) => get().behave(next),
    at: (path) => get().at(path),
    close: () => get().close(),
  };
}

/** Whether nothing of the tenant's waits to be delivered any more. */
export const settled = (world: World, tenant: Tenant) => async () =>
  (await deliveriesOf(world, tenant)).every(({ state }) => state !== 'pending');

type Overrides = Partial<CreateWebhookEndpointInput>;

/** An endpoint of the tenant at `url`, for every event unless said otherwise, and the secret it was shown. */
export async function anEndpoint(world: World, tenant: Tenant, url: string, overrides: Overrides = {}) {
  // Order is for larger plans.
  const scope = overrides.ordered ? { ...tenant.scope, planType: 'pro' as const } : tenant.scope;
  const made = await world.services.webhookEndpoints.create(scope, { url, events: ['*'], ...overrides });
  return { endpointId: made.endpoint.id, secret: made.secret ?? '' };
}

/** Credits a tenant's account `times` times, each an event of the same thing, and makes the deliveries. */
export async function someEvents(world: World, tenant: Tenant, times = 1): Promise<void> {
  for (let time = 1; time <= times; time += 1) {
    await world.services.billing.addCredits(tenant.scope, { amount: time, description: `event ${time}` });
  }
  await world.deliverEvents();
}

export async function deliveriesOf(world: World, tenant: Tenant): Promise<WebhookDelivery[]> {
  const page = await world.services.webhookDeliveries.list(tenant.scope, { page: 1, limit: 100 });
  return page.items.toReversed();
}

/** The whole of the only delivery there is. */
export async function onlyDelivery(world: World, tenant: Tenant) {
  const [only] = await deliveriesOf(world, tenant);
  if (!only) throw new Error('There is no delivery.');
  return world.services.webhookDeliveries.get(tenant.scope, { deliveryId: only.id });
}

/** As if the time of every waiting delivery of the tenant had come, and every lease and pause had run out. */
export async function passTime(world: World, tenant: Tenant): Promise<void> {
  await world.db.read.$executeRaw`
    update webhook_deliveries set due_at = now() - interval '1 second' where workspace_id = ${tenant.id}::uuid and state = 'pending'`;
  await world.db.read.$executeRaw`
    update webhook_endpoints set paused_until = null where workspace_id = ${tenant.id}::uuid`;
}

type Options = Partial<Pick<DispatcherDeps, 'limits' | 'random' | 'fetch'>> & { readonly totalTimeoutMs?: number };

/** A dispatcher at work until the returned function is called; what goes wrong in it is kept. */
export function startDispatcher(world: World, options: Options = {}) {
  const errors: unknown[] = [];
  const { totalTimeoutMs = 15_000, limits, ...rest } = options;
  const fetch = createSafeFetch({ policy: { allowPrivate: true, ports: [] }, totalTimeoutMs });
  const dispatcher = createWebhookDispatcher({
    ...{ db: world.db, ring: world.configuration.ring, fetch, random: () => 0.5 },
    ...rest,
    limits: { pollMs: 20, ...limits },
    onError: (err) => void errors.push(err),
  });
  const { stop } = dispatcher.start();
  return { errors, wake: dispatcher.wake, stop: () => stop().finally(fetch.close) };
}

/** Runs a dispatcher until `isDone` holds. */
export async function dispatchUntil(world: World, isDone: () => unknown, options: Options = {}): Promise<void> {
  const running = startDispatcher(world, options);
  try {
    await vi.waitFor(async () => {
      if (!(await isDone())) throw new Error('Not yet.');
    }, WAITING);
  } finally {
    await running.stop();
  }
  if (running.errors.length > 0) throw running.errors[0];
}

export const WAITING = { timeout: 15_000, interval: 20 } as const;

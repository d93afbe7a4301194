/** Morket's dispatcher as its worker runs it: claimed, signed, sent, and every outcome written down. */
import { setTimeout as delay } from 'node:timers/promises';
import { createSafeFetch } from '@morket/domain/safe-fetch';
import type { KeyRing } from '@morket/domain/secrets';
import { createWebhookDispatcher, createWebhookEndpointService } from '@morket/domain/webhook';
import { serveParent, serverHandlers } from '../process/serve-parent.ts';
import { composeProduct, type Product } from '../product/composition.ts';
import { anOwner, aWorkspace } from '../product/tenants.ts';
import { BODY } from './body.ts';

/** More than anybody sends in the time that is measured. */
const QUEUED_PER_SECOND = 4_000;
const QUEUED_SLOW = 200;

const product = await composeProduct();
const { db } = product;
const ring = keyOf(product);
const policy = { allowPrivate: true, ports: [] };
const scope = await aWorkspace(product, await anOwner(product), 1);
const endpoints = createWebhookEndpointService({ db, ring, policy });
const { workspaceId } = scope;

function keyOf({ env }: Product): KeyRing {
  if (!env.ENCRYPTION_MASTER_KEY) throw new Error('The benchmark sets a key.');
  return env.ENCRYPTION_MASTER_KEY;
}

async function anEndpoint(url: string): Promise<string> {
  return (await endpoints.create(scope, { url, events: ['billing.debited'] })).endpoint.id;
}

const queue = (endpointId: string, count: number) => db.read.$executeRaw`
  insert into webhook_deliveries (workspace_id, id, endpoint_id, event_id, event_name, aggregate_type, aggregate_id, seq, body)
  select ${workspaceId}::uuid, gen_random_uuid(), ${endpointId}::uuid, gen_random_uuid(), 'billing.debited', 'billing_account', 'a', n, ${BODY}
    from generate_series(1, ${count}::int) as n`;

type Load = { readonly port: number; readonly fast: number; readonly withSlow: boolean; readonly durationMs: number };

/** Deliveries a second to the endpoints that answer at once. */
async function deliver({ port, fast, withSlow, durationMs }: Load): Promise<number> {
  await db.read.$executeRaw`truncate webhook_endpoints cascade`;
  const count = Math.ceil((QUEUED_PER_SECOND * durationMs) / 1_000 / fast);
  for (let number = 0; number < fast; number += 1)
    await queue(await anEndpoint(`http://127.0.0.1:${port}/fast/${number}`), count);
  if (withSlow) await queue(await anEndpoint(`http://127.0.0.1:${port}/slow`), QUEUED_SLOW);
  await db.read.$executeRaw`analyze webhook_deliveries`;

  const fetch = createSafeFetch({ policy });
  const onError = (err: unknown) => {
    throw err;
  };
  const { stop } = createWebhookDispatcher({ db, ring, fetch, onError, limits: { graceMs: 1 } }).start();
  const startedAt = performance.now();
  await delay(durationMs);
  const [row] = await db.read.$queryRaw<{ delivered: number }[]>`
    select count(*)::int as delivered from webhook_deliveries where state = 'delivered'`;
  const elapsedMs = performance.now() - startedAt;
  await stop();
  fetch.close();
  return ((row?.delivered ?? 0) * 1_000) / elapsedMs;
}

const handlers = { ...serverHandlers, deliver };
export type DispatcherHandlers = typeof handlers;
serveParent(handlers);

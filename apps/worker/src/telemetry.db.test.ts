import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { telemetryOf } from '@morket/api/telemetry';
import { aTenant, createWorld, type World } from '@morket/testing';
import { parseExposition } from '@morket/testing/exposition';
import { send } from '@morket/testing/http';
import { type OtlpReceiver, startOtlpReceiver } from '@morket/testing/otlp-receiver';
import pino from 'pino';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type RunningWorker, startWorker } from './run.ts';

const ARRIVAL = { timeout: 20_000 };
const CALLER = { traceId: '3af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const TOKEN = 'a-token-of-the-scraper';

let spans: OtlpReceiver;
let world: World;
let worker: RunningWorker;
let running: Awaited<ReturnType<typeof telemetryOf>>;
const received: IncomingHttpHeaders[] = [];
const receiver = createServer((request, response) => {
  received.push(request.headers);
  request.resume().on('end', () => response.writeHead(204).end());
});

beforeAll(async () => {
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  spans = await startOtlpReceiver();
  world = await createWorld({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: spans.url, METRICS_TOKEN: TOKEN, WEBHOOK_ALLOW_PRIVATE: 'true' },
  });
  // As in a process of its own: it shares with the API what stands in the database, and no memory.
  const { configuration, databaseUrl } = world;
  const log = pino({ level: 'silent' });
  running = await telemetryOf({ ...configuration.env, OTEL_SERVICE_NAME: 'morket-worker' }, log);
  worker = startWorker({ databaseUrl, log, configuration, telemetry: running.telemetry });
});
afterAll(async () => {
  await worker.stop();
  await running.close();
  await world.close();
  await spans.close();
  receiver.close();
});

test('one trace leads from the caller through request, transaction, outbox and consumer to the receiver of a webhook', async () => {
  const tenant = await aTenant(world);
  const { port } = receiver.address() as AddressInfo; // it listens on a port
  const url = `http://127.0.0.1:${port}/hook`;
  await world.services.webhookEndpoints.create(tenant.scope, { url, events: ['workspace.updated'] });
  const headers = { traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01` };
  const payload = { workspaceId: tenant.id, name: 'Traced' };
  await send(
    world,
    { method: 'POST', url: '/trpc/workspace.update', headers, payload },
    { token: tenant.owner.accessToken },
  );

  const ofTrace = () => spans.spans.filter(({ traceId }) => traceId === CALLER.traceId);
  const links = [
    'http.request workspace.update',
    'db.transaction',
    'outbox.publish',
    'consumer.handle webhooks',
    'webhook.deliver',
  ];
  await vi.waitFor(() => {
    const names = ofTrace().map(({ name }) => name);
    for (const link of links) expect(names).toContain(link);
  }, ARRIVAL);

  // Every span hangs below another one of the trace, and at the top below the caller's.
  const ids = new Set([CALLER.spanId, ...ofTrace().map(({ spanId }) => spanId)]);
  for (const { name, parentSpanId } of ofTrace()) expect(ids, name).toContain(parentSpanId);
  expect(new Set(ofTrace().map(({ service }) => service))).toEqual(new Set(['morket', 'morket-worker']));
  const sent = ofTrace().find(({ name }) => name === 'webhook.deliver');
  expect(received.at(-1)?.traceparent).toBe(`00-${CALLER.traceId}-${sent?.spanId}-01`);
});

test('the worker tells of its relay, its consumers, its webhooks and what waits', async () => {
  await aTenant(world);
  const samples = async () => parseExposition((await running.expose?.())?.text ?? '');
  const sampled = async (name: string, label = '') =>
    (await samples()).find((one) => one.name === name && Object.values(one.labels).join(' ').includes(label))?.value;
  await vi.waitFor(async () => {
    expect(await sampled('morket_relay_events_total')).toBeGreaterThan(2);
    expect(await sampled('morket_outbox_waiting')).toBe(0);
    expect(await sampled('morket_webhook_deliveries_total', 'delivered')).toBe(1);
  }, ARRIVAL);
  expect(await sampled('morket_relay_batch_seconds_count')).toBeGreaterThan(0);
  expect(await sampled('morket_consumer_events_total', 'webhooks handled')).toBeGreaterThan(2);
  expect(await sampled('morket_consumer_seconds_count', 'webhooks')).toBeGreaterThan(0);
  expect(await sampled('morket_outbox_lag_seconds')).toBe(0);
  expect(await sampled('morket_outbox_parked')).toBe(0);
  expect(await sampled('morket_relay_failures_total')).toBe(0);
  expect(await sampled('morket_db_connections', 'transactions')).toBeDefined();
});

import { aTenant, useWorld } from '@morket/testing';
import { send } from '@morket/testing/http';
import pino from 'pino';
import { expect, test, vi } from 'vitest';
import { startWorker } from './run.ts';

/** Nobody answers there. */
const world = useWorld({ env: { KAFKA_BROKERS: '127.0.0.1:1' } });

test('while no broker of Kafka can be reached, events wait, nothing is given up, and all else goes on', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => void lines.push(line) });
  const { configuration, databaseUrl } = world;
  const worker = startWorker({ databaseUrl, log, configuration, loops: [] });
  const tenant = await aTenant(world);
  await vi.waitFor(() => expect(lines.join('')).toContain('No Kafka broker can be reached'), { timeout: 20_000 });
  const waiting = await world.db.read.outboxEvent.findMany({ where: { workspaceId: tenant.id } });
  expect(waiting.length).toBeGreaterThan(0);
  for (const { publishedAt, parkedAt } of waiting) expect([publishedAt, parkedAt]).toEqual([null, null]);
  expect((await send(world, { method: 'GET', url: '/health/ready' })).status).toBe(200);
  await aTenant(world);
  const begun = performance.now();
  await worker.stop();
  expect(performance.now() - begun).toBeLessThan(15_000);
});

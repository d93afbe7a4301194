import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { NO_TELEMETRY } from '@morket/domain/telemetry';
import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import { observeRequests } from './http-telemetry.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../test/start-quietly.ts');

async function packagesOf(env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'morket-quiet-'));
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM], {
    env: { MORKET_DATA_DIR: dataDir, LOG_LEVEL: 'silent', ...env },
  });
  await rm(dataDir, { recursive: true });
  const { statusCode, loaded } = JSON.parse(stdout) as { statusCode: number; loaded: string[] };
  expect(statusCode).toBe(200);
  // A watch that sees nothing proves nothing.
  expect(loaded).toEqual(expect.arrayContaining(['fastify', 'zod', '@prisma/adapter-pg']));
  return loaded.filter((name) => /^(?:@opentelemetry\/|prom-client$|@platformatic\/kafka$)/.test(name));
}

test('a process that was not asked for it loads nothing of OpenTelemetry, of the Prometheus client, or of Kafka', async () => {
  expect(await packagesOf({})).toEqual([]);
});

test('metrics load the Prometheus client alone, traces OpenTelemetry', async () => {
  const [metrics, traces] = await Promise.all([
    packagesOf({ METRICS_TOKEN: 'a-token-of-the-scraper' }),
    packagesOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }),
  ]);
  expect(metrics).toContain('prom-client');
  expect(traces).toContain('@opentelemetry/sdk-trace');
  expect(traces).not.toContain('prom-client');
});

test('without telemetry requests pass no hook of it', async () => {
  const app = fastify();
  const hooks: string[] = [];
  const seen = new Proxy(app, {
    get: (target, name) =>
      name === 'addHook' ? (hook: string) => void hooks.push(hook) : Reflect.get(target, name, target),
  });
  observeRequests(seen, NO_TELEMETRY);
  expect(hooks).toEqual([]);
  observeRequests(seen, { ...NO_TELEMETRY, isOn: true });
  expect(hooks).toEqual(['onRequest']);
  await app.close();
});

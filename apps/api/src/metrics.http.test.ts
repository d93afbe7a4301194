import { API_PREFIX } from '@morket/rest';
import { aTenant, useWorld, type World } from '@morket/testing';
import { parseExposition, type Sample } from '@morket/testing/exposition';
import { send } from '@morket/testing/http';
import pino from 'pino';
import { describe, expect, test } from 'vitest';
import { metricsServerOf, telemetryOf } from './telemetry.ts';

const TOKEN = 'a-token-of-the-scraper';
const world = useWorld({ env: { METRICS_TOKEN: TOKEN } });
const plain = useWorld();

const scrape = async (from: World): Promise<readonly Sample[]> => {
  const { status, headers, text } = await send(from, { method: 'GET', url: '/metrics' }, { token: TOKEN });
  expect(status).toBe(200);
  expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  return parseExposition(text);
};
const find = (samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}) =>
  samples.find((one) => one.name === name && Object.entries(labels).every(([label, is]) => one.labels[label] === is));

describe('on the main port', () => {
  test('requests are told by procedure and status, whichever way they came', async () => {
    const tenant = await aTenant(world);
    const token = tenant.owner.accessToken;
    const headers = { 'x-workspace-id': tenant.id };
    const before = await scrape(world);
    await send(world, { method: 'GET', url: '/trpc/billing.get', headers }, { token });
    await send(world, { method: 'GET', url: `${API_PREFIX}/workspaces/${tenant.id}/billing` }, { token });
    await send(world, { method: 'GET', url: '/trpc/billing.get' });
    await send(world, { method: 'GET', url: '/trpc/billing.get,auth.me?batch=1', headers }, { token });
    const after = await scrape(world);
    const grown = (procedure: string, status: string) => {
      const labels = { procedure, status };
      const [was, is] = [before, after].map(
        (samples) => find(samples, 'morket_http_request_seconds_count', labels)?.value ?? 0,
      );
      return (is ?? 0) - (was ?? 0);
    };
    expect(grown('billing.get', '200')).toBe(2);
    expect(grown('billing.get', '401')).toBe(1);
    expect(grown('batch', '200') + grown('batch', '207')).toBe(1);
  });

  test('what callers make up adds no name', async () => {
    const urls = [
      '/a',
      '/b/c',
      '/trpc/no.such',
      '/trpc/other.one',
      `${API_PREFIX}/workspaces/one`,
      '/trpc/x,y,z?batch=1',
    ];
    for (const url of urls) await send(world, { method: 'GET', url });
    const names = (await scrape(world)).flatMap(({ labels: { procedure } }) => procedure ?? []);
    const made = new Set(names.filter((name) => !/^[a-zA-Z]+(\.[a-zA-Z]+)+$/.test(name)));
    expect([...made].filter((name) => !name.startsWith('/')).toSorted()).toEqual(['batch', 'unknown']);
    for (const name of made) expect(JSON.stringify([...urls, 'one'])).not.toContain(`"${name}"`);
  });

  test('the pools, the ledger and the process are told', async () => {
    const tenant = await aTenant(world, { credits: 10 });
    await world.services.billing.debit(tenant.scope, { amount: 3, description: 'a run' });
    const samples = await scrape(world);
    expect(find(samples, 'morket_db_connections', { pool: 'points', state: 'idle' })?.value).toBeGreaterThan(0);
    expect(find(samples, 'morket_ledger_queue')?.value).toBe(0);
    expect(find(samples, 'morket_ledger_commands_total')?.value).toBeGreaterThan(1);
    expect(find(samples, 'nodejs_eventloop_lag_p99_seconds')).toBeDefined();
  });

  test.each([
    ['no token', undefined],
    ['another token', 'a-token-of-the-scrapes'],
    ['a part of it', TOKEN.slice(0, -1)],
    ['more than it', `${TOKEN}x`],
  ])('404, as if there were nothing: %s', async (_, token) => {
    const refused = await send(world, { method: 'GET', url: '/metrics' }, { token });
    const nowhere = await send(world, { method: 'GET', url: '/nowhere' }, { token });
    expect(refused).toMatchObject({ status: 404, code: nowhere.code });
  });
});

test('404 where nobody asked for metrics', async () => {
  expect((await send(plain, { method: 'GET', url: '/metrics' }, { token: TOKEN })).status).toBe(404);
});

describe('on a port of its own', () => {
  const env = () => ({ ...plain.configuration.env, METRICS_PORT: 0 });
  const log = pino({ level: 'silent' });

  async function opened(more: { readonly METRICS_TOKEN?: string } = {}) {
    const running = await telemetryOf({ ...env(), ...more }, log);
    const server = await metricsServerOf({ ...env(), ...more }, running, log);
    if (!server) throw new Error('A port was asked for.');
    return { server, url: `http://127.0.0.1:${server.port}` };
  }

  test('it is read without a token, and nothing else is there', async () => {
    const { server, url } = await opened();
    const answer = await fetch(`${url}/metrics`);
    expect(answer.status).toBe(200);
    expect(find(parseExposition(await answer.text()), 'process_resident_memory_bytes')).toBeDefined();
    for (const [path, method] of [
      ['/', 'GET'],
      ['/health', 'GET'],
      ['/metrics', 'POST'],
    ] as const) {
      expect((await fetch(`${url}${path}`, { method })).status, path).toBe(404);
    }
    await server.close();
  });

  test('it wants the token where one is set', async () => {
    const { server, url } = await opened({ METRICS_TOKEN: TOKEN });
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { headers })).status).toBe(200);
    await server.close();
  });

  test('a port that is taken is said at once', async () => {
    const { server } = await opened();
    const running = await telemetryOf(env(), log);
    await expect(metricsServerOf({ ...env(), METRICS_PORT: server.port }, running, log)).rejects.toThrow(
      'METRICS_PORT',
    );
    await server.close();
  });
});

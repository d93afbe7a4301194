import { anOrigin, aPerson, aTenant, createWorld, unique, useWorld, type World } from '@morket/testing';
import { type CallOptions, send } from '@morket/testing/http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** Where a request comes from decides over limits and stands in sessions and logs: only a proxy that we name may say it. */

const CLIENT = '203.0.113.7';
const PROXY = '10.1.2.3';
const login = { email: 'nobody@example.com', password: 'not the password' };

const direct = useWorld({ env: { BASE_DOMAIN: 'morket.example' } });
let behindProxy: World;
beforeAll(async () => {
  behindProxy = await createWorld({ env: { TRUST_PROXY: '10.0.0.0/8, ::1', BASE_DOMAIN: 'morket.example' } });
});
afterAll(() => behindProxy.close());

/** The address a request is taken to come from. */
async function seenAddress(world: World, options: CallOptions): Promise<unknown> {
  world.takeLogs();
  await send(world, { method: 'POST', url: '/trpc/auth.login', payload: login }, options);
  return world.takeLogs().find(({ msg }) => msg === 'request');
}

const forwarded = (value: string) => ({ 'x-forwarded-for': value });

describe('TRUST_PROXY off', () => {
  test('X-Forwarded-For is ignored', async () => {
    const line = await seenAddress(direct, { remoteAddress: PROXY, headers: forwarded(CLIENT) });
    expect(line).toMatchObject({ ip: PROXY });
    expect(line).not.toHaveProperty('peer');
  });

  test('X-Forwarded-Host names no workspace', async () => {
    const tenant = await aTenant(direct);
    const { slug } = await direct.services.workspaces.get(tenant.scope);
    const headers = { 'x-forwarded-host': `${slug}.morket.example`, host: 'api.internal' };
    const answer = await send(
      direct,
      { method: 'GET', url: '/trpc/workspace.get', query: { input: '{}' } },
      { token: tenant.owner.accessToken, headers },
    );
    expect(answer).toMatchObject({ status: 400, code: 'access.workspace_required' });
  });

  test('nobody escapes a limit by making addresses up', async () => {
    const limited = await createWorld({ env: { RATE_LIMIT_AUTH_PER_MINUTE: '3' } });
    const statuses: number[] = [];
    for (let last = 0; last < 5; last += 1) {
      const headers = {
        ...forwarded(`198.51.100.${last}`),
        'x-real-ip': `198.51.100.${last}`,
        forwarded: `for=198.51.100.${last}`,
      };
      statuses.push(
        (await send(limited, { method: 'POST', url: '/api/v1/auth/login', payload: login }, { headers })).status,
      );
    }
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    await limited.close();
  });
});

describe('TRUST_PROXY on', () => {
  test('what a trusted proxy says is believed, and the proxy is logged beside it', async () => {
    const line = await seenAddress(behindProxy, { remoteAddress: PROXY, headers: forwarded(CLIENT) });
    expect(line).toMatchObject({ ip: CLIENT, peer: PROXY });
  });

  test('of a chain, the last address that is no trusted proxy counts: what stands before it the client may have made up', async () => {
    const headers = forwarded(`1.2.3.4, ${CLIENT}, 10.9.9.9`);
    expect(await seenAddress(behindProxy, { remoteAddress: PROXY, headers })).toMatchObject({ ip: CLIENT });
  });

  test('what anybody else says is not believed', async () => {
    const line = await seenAddress(behindProxy, { remoteAddress: '198.51.100.9', headers: forwarded(CLIENT) });
    expect(line).toMatchObject({ ip: '198.51.100.9' });
  });

  test('the session of a person holds the address of the person', async () => {
    const person = await aPerson(behindProxy);
    const payload = { email: person.email, password: person.password };
    const request = { method: 'POST', url: '/trpc/auth.login', payload } as const;
    const answer = await send(behindProxy, request, { remoteAddress: PROXY, headers: forwarded(CLIENT) });
    expect(answer.status).toBe(200);
    expect(await behindProxy.db.read.session.count({ where: { userId: person.user.id, ip: CLIENT } })).toBe(1);
  });

  test.each(['unknown', '<script>', '999.1.1.1', 'a'.repeat(2_000), '203.0.113.7:4444'])(
    'an address that is none is not taken for one: %s',
    async (value) => {
      const person = await aPerson(behindProxy);
      const payload = { email: person.email, password: person.password };
      const request = { method: 'POST', url: '/trpc/auth.login', payload } as const;
      const answer = await send(behindProxy, request, { remoteAddress: PROXY, headers: forwarded(value) });
      expect(answer.status).toBeLessThan(500);
      const [session] = await behindProxy.db.read.session.findMany({
        where: { userId: person.user.id },
        orderBy: { createdAt: 'desc' },
      });
      expect(session?.ip).not.toBe(value);
    },
  );

  test('addresses of one IPv6 network share a limit, strangers do not', async () => {
    const limited = await createWorld({ env: { RATE_LIMIT_AUTH_PER_MINUTE: '2', TRUST_PROXY: '10.0.0.0/8' } });
    const from = async (address: string) => {
      const options = { remoteAddress: PROXY, headers: forwarded(address) };
      return (await send(limited, { method: 'POST', url: '/trpc/auth.login', payload: login }, options)).status;
    };
    expect(await from('2001:db8:1:1::1')).toBe(401);
    expect(await from('2001:db8:1:1:ffff::2')).toBe(401);
    expect(await from('2001:db8:1:1::3')).toBe(429);
    expect(await from('2001:db8:1:2::1')).toBe(401);
    expect(await from(CLIENT)).toBe(401);
    expect(await from(`::ffff:${CLIENT}`)).toBe(401);
    expect(await from(CLIENT)).toBe(429);
    await limited.close();
  });

  test('the host a trusted proxy names decides over the workspace', async () => {
    const tenant = await aTenant(behindProxy, { name: `Proxy ${unique()}` });
    const { slug } = await behindProxy.services.workspaces.get(tenant.scope);
    const headers = { 'x-forwarded-host': `${slug}.morket.example`, host: 'api.internal' };
    const answer = await send(
      behindProxy,
      { method: 'GET', url: '/trpc/workspace.get', query: { input: '{}' } },
      { token: tenant.owner.accessToken, headers, remoteAddress: PROXY },
    );
    expect(answer).toMatchObject({ status: 200, data: { id: tenant.id } });
  });
});

test('an origin without an address is served', async () => {
  await expect(direct.services.auth.login(login, { ...anOrigin(), ip: null })).rejects.toMatchObject({
    code: 'auth.invalid_credentials',
  });
});

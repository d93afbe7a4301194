import {
  anApiKey,
  anOrigin,
  aPerson,
  aTenant,
  createWorld,
  type Person,
  unique,
  type World,
  type WorldOptions,
} from '@morket/testing';
import { type Answer, type CallOptions, send } from '@morket/testing/http';
import { isRedisInstalled, type RedisServer, startRedisServer } from '@morket/testing/redis-server';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

const STORES: readonly ('postgres' | 'redis')[] = isRedisInstalled() ? ['postgres', 'redis'] : ['postgres'];

let redis: RedisServer | undefined;
beforeAll(async () => {
  if (STORES.includes('redis')) redis = await startRedisServer();
});
afterAll(() => redis?.stop());

const open: World[] = [];
afterEach(async () => {
  for (const world of open.splice(0).reverse()) await world.close();
});

/** Any limit of its own; the address, which Redis keeps from test to test, is a new one each time. */
let address = 0;
const freshAddress = () => `198.51.${100 + Math.floor(++address / 250)}.${1 + (address % 250)}`;

const login = (world: World, options: CallOptions, input = { email: `${unique()}@example.com`, password: 'wrong' }) =>
  send(world, { method: 'POST', url: '/api/v1/auth/login', payload: input }, options);
const me = (world: World, options: CallOptions) => send(world, { method: 'GET', url: '/trpc/auth.me' }, options);

const limited = (policy: string) => ({
  status: 429,
  code: 'request.rate_limited',
  text: expect.stringContaining(`"${policy}"`),
});

function expectWait(answer: Answer): void {
  expect(String(answer.headers['retry-after'])).toMatch(/^\d+$/);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(120);
}

/** Sends the same call until it is limited; gives how many got through. */
async function throughOf(call: () => Promise<Answer>, most: number): Promise<{ through: number; refusal: Answer }> {
  for (let through = 0; ; through += 1) {
    const refusal = await call();
    if (refusal.status === 429) return { through, refusal };
    if (through >= most) throw new Error(`${through + 1} calls got through`);
  }
}

describe.each(STORES)('counted in %s', (store) => {
  async function aWorld(env: Record<string, string>, options: Omit<WorldOptions, 'env'> = {}): Promise<World> {
    const world = await createWorld({
      ...options,
      env: { ...env, ...(store === 'redis' && redis ? { REDIS_URL: redis.url } : {}) },
    });
    open.push(world);
    return world;
  }

  describe('the entrance', () => {
    test('the sixth call of an address within a minute is 429 with Retry-After, whatever the first five were', async () => {
      const world = await aWorld({ RATE_LIMIT_AUTH_PER_MINUTE: '5' });
      const from = { remoteAddress: freshAddress() };
      const account = { email: `${unique()}@example.com`, password: `pass-${unique()}`, name: 'Limited' };
      const register = () => send(world, { method: 'POST', url: '/trpc/auth.register', payload: account }, from);
      expect((await register()).status).toBe(200);
      expect((await register()).status).toBe(409);
      expect((await login(world, from, account)).status).toBe(200);
      expect((await login(world, from)).status).toBe(401);
      // Not even valid: it is counted before it is read.
      expect((await send(world, { method: 'POST', url: '/api/v1/auth/login', payload: {} }, from)).status).toBe(400);
      for (const refused of [await login(world, from, account), await register()]) {
        expect(refused).toMatchObject(limited('auth'));
        expectWait(refused);
      }
      expect((await login(world, { remoteAddress: freshAddress() }, account)).status).toBe(200);
    });

    test('two processes on one database count together', async () => {
      const first = await aWorld({ RATE_LIMIT_AUTH_PER_MINUTE: '5' });
      const second = await aWorld({ RATE_LIMIT_AUTH_PER_MINUTE: '5' }, { databaseUrl: first.databaseUrl });
      const from = { remoteAddress: freshAddress() };
      const tries = await Promise.all(
        Array.from({ length: 12 }, (_, index) => login(index % 2 ? first : second, from)),
      );
      expect(tries.filter(({ status }) => status === 401)).toHaveLength(5);
      expect(tries.filter(({ status }) => status === 429)).toHaveLength(7);
    });

    test('0 switches it off', async () => {
      const world = await aWorld({ RATE_LIMIT_AUTH_PER_MINUTE: '0' });
      const from = { remoteAddress: freshAddress() };
      const tries = await Promise.all(Array.from({ length: 30 }, () => login(world, from)));
      expect(new Set(tries.map(({ status }) => status))).toEqual(new Set([401]));
    });
  });

  describe('refresh and logout', () => {
    const signIn = (world: World, { email, password }: Person) =>
      world.services.auth.login({ email, password }, anOrigin());

    test('a session has thirty calls a minute, whatever addresses they come from; another session has its own', async () => {
      const world = await aWorld({ RATE_LIMIT_AUTH_PER_MINUTE: '5' });
      const person = await aPerson(world);
      let { refreshToken } = await signIn(world, person);
      const refresh = async () => {
        const request = { method: 'POST', url: '/api/v1/auth/refresh', payload: { refreshToken } } as const;
        const answer = await send(world, request, { remoteAddress: freshAddress() });
        const data = answer.data as { refreshToken?: string } | null; // a token pair, or null where it is refused
        refreshToken = data?.refreshToken ?? refreshToken;
        return answer;
      };
      const { through, refusal } = await throughOf(refresh, 30);
      expect(through).toBe(30);
      expect(refusal).toMatchObject(limited('session'));
      expectWait(refusal);
      const logout = { method: 'POST', url: '/trpc/auth.logout', payload: { refreshToken } } as const;
      expect(await send(world, logout, { remoteAddress: freshAddress() })).toMatchObject(limited('session'));
      const other = await signIn(world, person);
      const another = { ...logout, payload: { refreshToken: other.refreshToken } };
      expect((await send(world, another, { remoteAddress: freshAddress() })).status).toBe(200);
    });

    test('an address has sixty, good tokens and bad ones alike', async () => {
      const world = await aWorld({ RATE_LIMIT_AUTH_PER_MINUTE: '5' });
      const from = { remoteAddress: freshAddress() };
      const request = {
        method: 'POST',
        url: '/api/v1/auth/refresh',
        payload: { refreshToken: 'v1.nonsense' },
      } as const;
      const { through, refusal } = await throughOf(() => send(world, request, from), 61);
      expect(through).toBeGreaterThanOrEqual(60);
      expect(refusal).toMatchObject(limited('refresh'));
    });
  });

  describe('everything else', () => {
    test('strangers are counted by address', async () => {
      const world = await aWorld({ RATE_LIMIT_PER_MINUTE: '25' });
      const from = { remoteAddress: freshAddress() };
      const { through, refusal } = await throughOf(() => me(world, from), 25);
      // A minute that ends in between takes what was leased and not used with it: never more, rarely less.
      expect(through).toBeGreaterThanOrEqual(20);
      expect(refusal).toMatchObject(limited('anonymous'));
      expectWait(refusal);
      expect((await me(world, { remoteAddress: freshAddress() })).status).toBe(401);
    });

    test('a bad token is counted like none, and makes no limit of its own', async () => {
      const world = await aWorld({ RATE_LIMIT_PER_MINUTE: '5' });
      const from = { remoteAddress: freshAddress() };
      const { through } = await throughOf(() => me(world, { ...from, token: unique() }), 5);
      expect(through).toBeLessThanOrEqual(5);
      expect(through).toBeGreaterThan(0);
    });

    test('people are counted by themselves, over all their sessions, addresses and processes', async () => {
      const first = await aWorld({ RATE_LIMIT_USER_PER_MINUTE: '20' });
      const second = await aWorld({ RATE_LIMIT_USER_PER_MINUTE: '20' }, { databaseUrl: first.databaseUrl });
      const person = await aPerson(first);
      const other = await first.services.auth.login({ email: person.email, password: person.password }, anOrigin());
      const tokens = [person.accessToken, other.accessToken];
      let turn = 0;
      const { through, refusal } = await throughOf(() => {
        turn += 1;
        return me(turn % 2 ? first : second, { token: tokens[turn % 2], remoteAddress: freshAddress() });
      }, 20);
      // What one process has set aside for itself must not lock the person out of the other one.
      expect(through).toBeGreaterThanOrEqual(18);
      expect(refusal).toMatchObject(limited('principal'));
      expectWait(refusal);
      const stranger = await aPerson(first);
      expect((await me(second, { token: stranger.accessToken })).status).toBe(200);
    });

    test('a workspace has five times the budget of a person, whatever keys are made, used and revoked in it', async () => {
      const world = await aWorld({ RATE_LIMIT_USER_PER_MINUTE: '4' });
      const tenant = await aTenant(world);
      const get = (token: string) => send(world, { method: 'GET', url: '/trpc/workspace.get' }, { token });
      const useAndRevoke = async () => {
        const scope = { ...tenant.scope, origin: anOrigin() };
        const { apiKey, secret } = await anApiKey(world, tenant, { scope });
        const answer = await get(secret);
        await world.services.apiKeys.revoke(scope, { apiKeyId: apiKey.id });
        return answer;
      };
      const { through, refusal } = await throughOf(useAndRevoke, 20);
      expect(through).toBeGreaterThanOrEqual(18);
      expect(refusal).toMatchObject(limited('workspace'));
      expectWait(refusal);
      const stranger = await aTenant(world);
      expect((await get((await anApiKey(world, stranger)).secret)).status).toBe(200);
      expect((await me(world, { token: tenant.owner.accessToken })).status, 'what is about oneself').toBe(200);
    });

    test('0 switches both off', async () => {
      const world = await aWorld({ RATE_LIMIT_PER_MINUTE: '0', RATE_LIMIT_USER_PER_MINUTE: '0' });
      const { accessToken: token } = await aPerson(world);
      const from = { remoteAddress: freshAddress() };
      const calls = [
        ...Array.from({ length: 150 }, () => me(world, from)),
        ...Array.from({ length: 150 }, () => me(world, { token })),
      ];
      const statuses = (await Promise.all(calls)).map(({ status }) => status);
      expect(new Set(statuses)).toEqual(new Set([401, 200]));
      expect(await world.db.read.rateLimit.count()).toBe(0);
    });

    test('health checks are never limited', async () => {
      const world = await aWorld({ RATE_LIMIT_PER_MINUTE: '1', RATE_LIMIT_AUTH_PER_MINUTE: '1' });
      const from = { remoteAddress: freshAddress() };
      for (const url of [
        '/health',
        '/api/v1/health',
        '/trpc/health.live',
        '/api/v1/health/ready',
        '/trpc/health.ready',
      ]) {
        for (let times = 0; times < 5; times += 1)
          expect((await send(world, { method: 'GET', url }, from)).status).toBe(200);
      }
    });
  });
});

describe.runIf(STORES.includes('redis'))('while Redis is out of reach', () => {
  test('the entrance stays shut, everything else open', async () => {
    const mortal = await startRedisServer();
    const limits = { RATE_LIMIT_AUTH_PER_MINUTE: '5', RATE_LIMIT_PER_MINUTE: '5', RATE_LIMIT_USER_PER_MINUTE: '5' };
    const world = await createWorld({ env: { ...limits, REDIS_URL: mortal.url } });
    open.push(world);
    const { accessToken: token } = await aPerson(world);
    expect((await me(world, { token })).status).toBe(200);
    await mortal.stop();
    const refused = await login(world, { remoteAddress: freshAddress() });
    expect(refused).toMatchObject({ status: 503, code: 'server.unavailable' });
    expectWait(refused);
    const calls = await Promise.all(Array.from({ length: 20 }, () => me(world, { token })));
    expect(new Set(calls.map(({ status }) => status))).toEqual(new Set([200]));
  });
});

test('what is stored names no address and no person', async () => {
  const world = await createWorld({ env: { RATE_LIMIT_AUTH_PER_MINUTE: '5', RATE_LIMIT_USER_PER_MINUTE: '5' } });
  open.push(world);
  const person = await aPerson(world);
  await me(world, { token: person.accessToken });
  await login(world, { remoteAddress: '198.51.100.77' });
  const rows = await world.db.read.rateLimit.findMany();
  expect(rows.length).toBeGreaterThan(1);
  for (const { key } of rows) {
    expect(key).toHaveLength(32);
    const text = Buffer.from(key).toString('latin1');
    expect(text).not.toContain('198.51.100.77');
    expect(text).not.toContain(person.user.id);
  }
});

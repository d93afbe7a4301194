import { procedures } from '@morket/rpc';
import { aPerson, aTenant, createWorld, unique, useWorld, type World } from '@morket/testing';
import { call, send, TRANSPORTS } from '@morket/testing/http';
import { describe, expect, test } from 'vitest';

const world = useWorld();

type Line = Readonly<Record<string, unknown>>;
const requestsIn = (lines: readonly Line[]) => lines.filter(({ msg }) => msg === 'request');

const theOne = (path: string) => {
  const found = procedures().find((procedure) => procedure.path === path);
  if (!found) throw new Error(`there is no procedure ${path}`);
  return found;
};

describe('one line for each request', () => {
  test.each(TRANSPORTS)('over %s it says who called what, where, and how it went', async (transport) => {
    const tenant = await aTenant(world);
    world.takeLogs();
    const options = { token: tenant.owner.accessToken, remoteAddress: '198.51.100.3' };
    const answer = await call(world, transport, theOne('billing.get'), { workspaceId: tenant.id }, options);
    const [line, ...others] = requestsIn(world.takeLogs());
    expect(others).toEqual([]);
    expect(line).toMatchObject({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      method: 'GET',
      path: transport === 'trpc' ? '/trpc/billing.get' : `/api/v1/workspaces/${tenant.id}/billing`,
      statusCode: 200,
      responseTime: expect.any(Number),
      requestId: answer.headers['x-request-id'],
      ip: '198.51.100.3',
      userId: tenant.owner.user.id,
      workspaceId: tenant.id,
    });
  });

  test('refused, unknown, malformed and failed requests have theirs', async () => {
    const cases = [
      { method: 'GET', url: '/trpc/auth.me', status: 401 },
      { method: 'GET', url: '/nowhere', status: 404 },
      { method: 'GET', url: '/api/v1/nowhere', status: 404 },
      { method: 'GET', url: '/trpc/%zz', status: 400 },
      { method: 'POST', url: '/trpc/auth.login', payload: '{', status: 400 },
      { method: 'POST', url: '/api/v1/auth/login', payload: 'x'.repeat(300_000), status: 413 },
      { method: 'DELETE', url: '/api/v1/auth/login', status: 405 },
      { method: 'GET', url: '/', status: 302 },
    ] as const;
    for (const { method, url, status, ...rest } of cases) {
      world.takeLogs();
      const headers = 'payload' in rest ? { 'content-type': 'application/json' } : {};
      const answer = await send(world, { method, url, headers, ...rest });
      expect(answer.status, url).toBe(status);
      const [line, ...others] = requestsIn(world.takeLogs());
      expect(line, url).toMatchObject({ statusCode: status, requestId: answer.headers['x-request-id'] });
      expect(others, url).toEqual([]);
      expect(line).not.toHaveProperty('userId');
    }
  });

  test('a batch is one request', async () => {
    world.takeLogs();
    await send(world, { method: 'GET', url: '/trpc/health.live,health.live', query: { batch: '1', input: '{}' } });
    expect(requestsIn(world.takeLogs())).toHaveLength(1);
  });

  test('what stands in an address cannot forge a line', async () => {
    world.takeLogs();
    await send(world, { method: 'GET', url: '/nowhere%0a%7b%22level%22%3a%22fatal%22%7d"}\\n{"level":"fatal"' });
    const lines = world.takeLogs();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: 'info', statusCode: 404 });
  });
});

describe('no line holds a secret', () => {
  /** Everything a working day sends and receives that nobody may read in a log. */
  async function aWorkingDay(day: World): Promise<readonly string[]> {
    const password = `pw-${unique()}-canary`;
    const newPassword = `pw-${unique()}-canary-next`;
    const key = `hk_live_${unique()}`;
    const plainKey = `provider ${unique()} key`;
    const secret = `provider ${unique()} secret`;
    const owner = await aPerson(day, { password });
    const tenant = await aTenant(day, { owner, credits: 10 });
    const invited = await aPerson(day);
    const secrets = [password, newPassword, key, plainKey, secret, owner.accessToken, owner.refreshToken];

    for (const transport of TRANSPORTS) {
      const idempotencyKey = `order-${unique()}`;
      const as = (
        path: string,
        input: Readonly<Record<string, unknown>>,
        token: string | undefined = owner.accessToken,
      ) => call(day, transport, theOne(path), input, { token, headers: { 'idempotency-key': idempotencyKey } });
      const workspaceId = tenant.id;
      await as('auth.register', { email: `${unique()}@example.com`, password, name: 'Day' });
      await as('auth.login', { email: owner.email, password: 'wrong-canary-password' });
      const { data } = await as('auth.login', { email: owner.email, password });
      const pair = data as { accessToken: string; refreshToken: string }; // the login has just worked
      await as('auth.me', {}, pair.accessToken);
      await as('auth.refresh', { refreshToken: pair.refreshToken });
      await as('auth.refresh', { refreshToken: `${pair.refreshToken.slice(0, -3)}abc` });
      await as('auth.logout', { refreshToken: pair.refreshToken });
      const stored = await as('credential.store', { workspaceId, providerName: 'hunter', key, secret });
      const { id } = stored.data as { id: string }; // the credential has just been stored
      await as('credential.rotate', { workspaceId, credentialId: id, key: plainKey });
      await as('credential.list', { workspaceId });
      await as('billing.debit', { workspaceId, amount: 1, description: 'x', idempotencyKey });
      await as('workspace.invitations.create', { workspaceId, email: `${transport}-${invited.email}`, role: 'viewer' });
      await as('auth.changePassword', { currentPassword: 'wrong-canary-password', newPassword });
      await as('auth.acceptInvitation', { token: 'an-invitation-token-canary' });
      const [mail = ''] = await day.mailTo(`${transport}-${invited.email}`);
      secrets.push(pair.accessToken, pair.refreshToken, mail.trim().split('\n').at(-1) ?? '-');
      // By mistake: secrets where none belong.
      await send(day, { method: 'GET', url: `/api/v1/auth/me?access_token=${pair.accessToken}&password=${password}` });
      await send(day, {
        method: 'GET',
        url: `/trpc/auth.login?input=${encodeURIComponent(JSON.stringify({ password }))}`,
      });
      await send(day, { method: 'GET', url: `/api/v1/auth/${pair.accessToken}` });
      await send(day, {
        method: 'POST',
        url: '/trpc/auth.login',
        payload: `{"password":"${password}"`,
        headers: { 'content-type': 'application/json' },
      });
      await send(day, {
        method: 'GET',
        url: '/trpc/auth.me',
        headers: { authorization: `Basic ${password}`, cookie: `sid=${password}` },
      });
    }
    return [...secrets, 'wrong-canary-password', 'an-invitation-token-canary'];
  }

  test('not at any level', async () => {
    const day = await createWorld({ env: { LOG_LEVEL: 'trace' } });
    const secrets = await aWorkingDay(day);
    const lines = day.takeLogs();
    const text = lines.map((line) => JSON.stringify(line)).join('\n');
    expect(requestsIn(lines).length).toBeGreaterThan(30);
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(8);
      expect(text, secret).not.toContain(secret);
    }
    await day.close();
  });

  test('not when a service fails with one in its message', async () => {
    const { log } = world.app;
    const { accessToken, refreshToken } = await aPerson(world);
    const password = `pw-${unique()}`;
    world.takeLogs();
    const err = Object.assign(new Error(`fetch failed: Authorization: Bearer ${accessToken}`), {
      config: {
        headers: { authorization: `Bearer ${accessToken}`, 'x-api-key': 'no-pattern-of-ours' },
        body: { password },
      },
      cause: new Error(`connect postgres://morket:${password}@db.internal:5432/morket for ${refreshToken}`),
    });
    log.error(
      { err, input: { newPassword: password, clientSecret: password, nested: [{ token: refreshToken }] } },
      'failed',
    );
    const text = JSON.stringify(world.takeLogs());
    for (const secret of [accessToken, refreshToken, password, 'no-pattern-of-ours'])
      expect(text).not.toContain(secret);
    expect(text).toContain('db.internal');
  });
});

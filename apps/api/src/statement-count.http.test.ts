import { aMember, anApiKey, aTenant, createWorld, type Tenant, type World } from '@morket/testing';
import { type Answer, send } from '@morket/testing/http';
import { createTestDatabase, type TestDatabase } from '@morket/testing/template-database';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openStatementLog } from '../test/statement-log.ts';

/** What a request costs the database: session, person, workspace and role are one statement, for a batch of ten as for one call. */
let database: TestDatabase;
let log: Awaited<ReturnType<typeof openStatementLog>>;
let world: World;
let tenant: Tenant;

beforeAll(async () => {
  database = await createTestDatabase();
  log = await openStatementLog(database.url);
  world = await createWorld({ databaseUrl: log.url, env: { RATE_LIMIT_USER_PER_MINUTE: '1000' } });
});
afterAll(async () => {
  await world.close();
  log.close();
  await database.drop();
});
beforeEach(async () => {
  tenant = await aTenant(world);
  // The first call of a person, and the first in a workspace, takes a lease from the rate limiter.
  await get('workspace.get', { workspaceId: tenant.id });
  log.take();
});

const get = (paths: string, input: unknown, options: { batch?: boolean; token?: string } = {}): Promise<Answer> => {
  const { batch = false, token = tenant.owner.accessToken } = options;
  const query = { input: JSON.stringify(input), ...(batch ? { batch: '1' } : {}) };
  return send(world, { method: 'GET', url: `/trpc/${paths}`, query }, { token });
};
const getBatch = (calls: readonly (readonly [path: string, input: unknown])[], token?: string) =>
  get(calls.map(([path]) => path).join(','), Object.fromEntries(calls.map(([, input], place) => [place, input])), {
    batch: true,
    ...(token === undefined ? {} : { token }),
  });

const isAccess = (sql: string) => /\bfrom (?:sessions|api_keys) x\b/.test(sql);
const isLimit = (sql: string) => /\brate_limits\b/.test(sql);
/** How many statements were for access, for the rate limiter, and for the procedures themselves. */
function spent() {
  const statements = log.take();
  const [access, limits] = [statements.filter(isAccess), statements.filter(isLimit)];
  return { access: access.length, limits: limits.length, own: statements.length - access.length - limits.length };
}

test('a call costs one statement for access and one of its own', async () => {
  expect((await get('workspace.get', { workspaceId: tenant.id })).status).toBe(200);
  expect(spent()).toEqual({ access: 1, limits: 0, own: 1 });
});

test('so it does over REST', async () => {
  const token = tenant.owner.accessToken;
  const answer = await send(world, { method: 'GET', url: `/api/v1/workspaces/${tenant.id}` }, { token });
  expect(answer.status).toBe(200);
  expect(spent()).toEqual({ access: 1, limits: 0, own: 1 });
});

test('an idempotency key costs a mutation two statements; a replay is one, between BEGIN and COMMIT', async () => {
  const rename = async (name: string, key?: string) => {
    const { status } = await send(
      world,
      { method: 'PUT', url: `/api/v1/workspaces/${tenant.id}`, payload: { name } },
      { token: tenant.owner.accessToken, ...(key !== undefined && { headers: { 'idempotency-key': key } }) },
    );
    expect(status).toBe(200);
    return spent().own;
  };
  const without = await rename('One');
  expect(await rename('Two', 'rename to two')).toBe(without + 2);
  expect(await rename('Two', 'rename to two')).toBe(3);
});

test('requests that come at once share the statement for access, each with its own answer', async () => {
  const stranger = await aTenant(world);
  log.take();
  const calls = Array.from({ length: 30 }, (_, index) => {
    const token = index % 3 === 0 ? stranger.owner.accessToken : tenant.owner.accessToken;
    return get('workspace.get', { workspaceId: tenant.id }, { token });
  });
  const statuses = (await Promise.all(calls)).map(({ status }) => status);
  expect(statuses).toEqual(Array.from({ length: 30 }, (_, index) => (index % 3 === 0 ? 403 : 200)));
  expect(spent().access).toBeLessThan(10);
});

describe('a batch', () => {
  const ten = () => Array.from({ length: 10 }, () => ['workspace.get', { workspaceId: tenant.id }] as const);

  test('of ten costs one statement for access', async () => {
    expect((await getBatch(ten())).status).toBe(200);
    const { access, limits, own } = spent();
    expect({ access, limits }).toEqual({ access: 1, limits: 0 });
    expect(own).toBeLessThanOrEqual(10);
  });

  test('reads it anew each time', async () => {
    await getBatch(ten());
    await getBatch(ten());
    expect(spent().access).toBe(2);
    await world.services.sessions.revokeOthers(tenant.owner.scope);
    await world.services.workspaces.delete(tenant.scope);
    expect((await getBatch(ten())).status, 'what has changed holds at once').toBe(403);
  });

  test('of calls about a workspace and about oneself costs one', async () => {
    const answer = await getBatch([
      ['workspace.get', { workspaceId: tenant.id }],
      ['auth.me', undefined],
      ['workspace.members.list', { workspaceId: tenant.id }],
    ]);
    expect(answer.status).toBe(200);
    expect(spent().access).toBe(1);
  });

  test('in two workspaces costs one', async () => {
    const other = await aTenant(world, { owner: tenant.owner });
    log.take();
    const answer = await getBatch([tenant, other, tenant].map(({ id }) => ['workspace.get', { workspaceId: id }]));
    expect(answer.status).toBe(200);
    expect(spent().access).toBe(1);
  });

  test('still asks the permission of each call', async () => {
    const viewer = await aMember(world, tenant, 'viewer');
    const answer = await getBatch(
      [
        ['workspace.get', { workspaceId: tenant.id }],
        ['workspace.invitations.list', { workspaceId: tenant.id }],
      ],
      viewer.accessToken,
    );
    expect(answer.status).toBe(207);
    expect(answer.text).toContain('access.forbidden');
  });
});

describe('an API key', () => {
  /** Used already: its last use is noted, and its lease taken. */
  async function aUsedKey(): Promise<string> {
    const { apiKey, secret } = await anApiKey(world, tenant, { scopes: ['workspace:read', 'member:read'] });
    for (let call = 0; call < 2; call += 1) await get('workspace.get', {}, { token: secret });
    await vi.waitFor(async () => {
      expect(await world.db.read.apiKey.count({ where: { id: apiKey.id, lastUsedAt: { not: null } } })).toBe(1);
    });
    log.take();
    return secret;
  }

  test('costs one statement, as a session does', async () => {
    const token = await aUsedKey();
    expect((await get('workspace.get', {}, { token })).status).toBe(200);
    expect(spent()).toEqual({ access: 1, limits: 0, own: 1 });
    expect((await send(world, { method: 'GET', url: `/api/v1/workspaces/${tenant.id}` }, { token })).status).toBe(200);
    expect(spent()).toEqual({ access: 1, limits: 0, own: 1 });
  });

  test('costs one for a batch of ten, in which calls it may not make cost none', async () => {
    const token = await aUsedKey();
    const calls = Array.from({ length: 10 }, (_, index) => (index % 2 ? 'workspace.get' : 'billing.get'));
    const answer = await getBatch(
      calls.map((path) => [path, { workspaceId: tenant.id }] as const),
      token,
    );
    expect(answer.status).toBe(207);
    const { access, limits, own } = spent();
    expect({ access, limits }).toEqual({ access: 1, limits: 0 });
    expect(own).toBeLessThanOrEqual(5);
  });

  test('shares the statement with those that come at once, and is read anew each time', async () => {
    const [one, two] = [await aUsedKey(), await aUsedKey()];
    const answers = Array.from({ length: 30 }, (_, index) =>
      get('workspace.get', {}, { token: index % 2 ? one : two }),
    );
    expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(new Set([200]));
    expect(spent().access).toBeLessThan(10);
    await get('workspace.get', {}, { token: one });
    await get('workspace.get', {}, { token: one });
    expect(spent().access).toBe(2);
  });

  test('that is mistyped, or calls what no key may, costs none', async () => {
    const token = await aUsedKey();
    expect((await get('workspace.get', {}, { token: `${token.slice(0, -1)}!` })).status).toBe(401);
    expect((await send(world, { method: 'GET', url: '/trpc/auth.me' }, { token })).status).toBe(403);
    expect(spent()).toEqual({ access: 0, limits: 0, own: 0 });
  });

  test('has its use noted once a minute', async () => {
    const token = await aUsedKey();
    for (let call = 0; call < 20; call += 1) await get('workspace.get', {}, { token });
    expect(spent()).toMatchObject({ access: 20, own: 20 });
  });
});

test('the rate limiter works from its lease', async () => {
  for (let call = 0; call < 30; call += 1) await get('workspace.get', { workspaceId: tenant.id });
  // A lease is fifty calls, and ends with its minute: one for the person, one for the workspace.
  expect(spent()).toMatchObject({ access: 30, limits: expect.toSatisfy((count: number) => count <= 2) });
});

import { apiKeyHash, apiKeyText } from '@morket/domain/access';
import { type ProcedureInfo, procedures } from '@morket/rpc';
import { anApiKey, aPerson, aTenant, createWorld, type Tenant, unique, useWorld } from '@morket/testing';
import { call, send, TRANSPORTS } from '@morket/testing/http';
import { withClient } from '@morket/testing/template-database';
import { beforeAll, describe, expect, test } from 'vitest';

/** API keys as a program presents them. */

const world = useWorld({ env: { LOG_LEVEL: 'trace', BASE_DOMAIN: 'morket.example' } });
let tenant: Tenant;
let secret: string;
let apiKeyId: string;
beforeAll(async () => {
  tenant = await aTenant(world, { credits: 1_000 });
  const made = await anApiKey(world, tenant, { scopes: ['workspace:read', 'billing:spend'] });
  [secret, apiKeyId] = [made.secret, made.apiKey.id];
});

const theOne = (path: string): ProcedureInfo => {
  const found = procedures().find((procedure) => procedure.path === path);
  if (!found) throw new Error(`there is no procedure ${path}`);
  return found;
};
const aKeyOfNobody = () => apiKeyText(crypto.getRandomValues(new Uint8Array(32)));

/** The ways to present a key. */
const WAYS = {
  'Authorization: Bearer': (key: string) => ({ authorization: `Bearer ${key}` }),
  'authorization: bearer': (key: string) => ({ authorization: `bearer ${key}` }),
  'X-API-Key': (key: string) => ({ 'x-api-key': key }),
  'both headers with the same key': (key: string) => ({ authorization: `Bearer ${key}`, 'x-api-key': key }),
} as const;
type Way = keyof typeof WAYS;
const ways = Object.keys(WAYS) as Way[]; // Object.keys forgets the names

describe.each(TRANSPORTS)('over %s', (transport) => {
  const as = (
    path: string,
    headers: Record<string, string>,
    input: Record<string, unknown> = { workspaceId: tenant.id },
  ) => call(world, transport, theOne(path), input, { headers });

  test.each(ways)('%s is taken', async (way) => {
    const answer = await as('workspace.get', WAYS[way](secret));
    expect(answer).toMatchObject({ status: 200, data: { id: tenant.id, role: 'owner' } });
  });

  test.each(ways)('%s with a key that is mistyped, unknown or cut is 401', async (way) => {
    for (const key of [
      `${secret.slice(0, -1)}${secret.endsWith('a') ? 'b' : 'a'}`,
      aKeyOfNobody(),
      secret.slice(0, 30),
    ]) {
      const answer = await as('workspace.get', WAYS[way](key));
      expect(answer).toMatchObject({ status: 401, code: 'access.unauthenticated' });
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    }
  });

  test('two different credentials are refused, whichever of them is good', async () => {
    const pairs = [
      [secret, aKeyOfNobody()],
      [aKeyOfNobody(), secret],
      [tenant.owner.accessToken, secret],
      ['not.a.token', secret],
      [secret, 'x'],
    ] as const;
    for (const [bearer, apiKey] of pairs) {
      const answer = await as('workspace.get', { authorization: `Bearer ${bearer}`, 'x-api-key': apiKey });
      expect(answer).toMatchObject({ status: 400, code: 'access.credential_conflict' });
    }
  });

  test('a header given twice is no key', async () => {
    expect(await as('workspace.get', { 'x-api-key': `${secret}, ${secret}` })).toMatchObject({ status: 401 });
  });

  test('what belongs to an account is 403 for a key', async () => {
    for (const path of ['auth.me', 'workspace.list', 'auth.sessions.list', 'auth.sessions.revokeOthers']) {
      expect(await as(path, WAYS['X-API-Key'](secret), {})).toMatchObject({
        status: 403,
        code: 'access.session_required',
      });
    }
  });

  test('a scope that is missing is 403, and named', async () => {
    const answer = await as('billing.get', WAYS['X-API-Key'](secret));
    expect(answer).toMatchObject({ status: 403, code: 'access.scope_missing' });
    expect(answer.text).toContain('"permission":"billing:read"');
  });

  test('another workspace is 400, whether it exists or not', async () => {
    const [other, mine] = [await aTenant(world), await aTenant(world, { owner: tenant.owner })];
    const answers = [];
    for (const workspaceId of [other.id, mine.id, crypto.randomUUID()]) {
      answers.push(await as('workspace.get', WAYS['X-API-Key'](secret), { workspaceId }));
      answers.push(await as('workspace.get', { ...WAYS['X-API-Key'](secret), 'x-workspace-id': workspaceId }));
    }
    answers.push(await as('workspace.get', { ...WAYS['X-API-Key'](secret), host: 'nobody.morket.example' }));
    for (const answer of answers) expect(answer).toMatchObject({ status: 400, code: 'access.workspace_conflict' });
  });

  test('a procedure that anybody may call takes no notice of it', async () => {
    expect((await as('health.live', WAYS['X-API-Key'](aKeyOfNobody()), {})).status).toBe(200);
  });

  test('a change is written down with the key and its maker, and told once under an idempotency key', async () => {
    const input = { workspaceId: tenant.id, amount: 1, description: `by ${transport}` };
    const headers = { ...WAYS['X-API-Key'](secret), 'idempotency-key': `once-${unique()}` };
    const [first, again] = [await as('billing.debit', headers, input), await as('billing.debit', headers, input)];
    expect(first.status).toBe(200);
    expect(again.data).toEqual(first.data);
    const requestId = String(first.headers['x-request-id']);
    const written = { apiKeyId, actorId: tenant.owner.user.id, workspaceId: tenant.id };
    expect(await world.db.read.auditEntry.findMany({ where: { requestId } })).toMatchObject([written]);
    expect(await world.db.read.outboxEvent.findMany({ where: { requestId } })).toMatchObject([written]);
  });
});

test('a key needs no workspace to be named, as it has one', async () => {
  const answer = await send(world, { method: 'GET', url: '/trpc/workspace.get' }, { token: secret });
  expect(answer).toMatchObject({ status: 200, data: { id: tenant.id } });
});

test('calls of a batch share the key, and each needs its scope', async () => {
  const url = '/trpc/workspace.get,billing.get,auth.me?batch=1';
  const answer = await send(world, { method: 'GET', url }, { headers: { 'x-api-key': secret } });
  expect(answer.status).toBe(207);
  expect([...answer.text.matchAll(/"errorCode":"([^"]*)"/g)].map(([, code]) => code)).toEqual([
    'access.scope_missing',
    'access.session_required',
  ]);
});

describe('a key in an address is refused, good or not, and is in no line of the log', () => {
  const places: readonly (readonly [string, (key: string) => string])[] = [
    ['a parameter', (key) => `/api/v1/workspaces/${tenant.id}?api_key=${key}`],
    ['a parameter of another name', (key) => `/api/v1/workspaces/${tenant.id}?x=1&access_token=${key}`],
    ['the name of a parameter', (key) => `/api/v1/workspaces/${tenant.id}?${key}`],
    ['an input', (key) => `/trpc/workspace.get?input=${encodeURIComponent(JSON.stringify({ key }))}`],
    ['a parameter beside an input', (key) => `/trpc/workspace.get?input=%7B%7D&apiKey=${key}`],
    ['a batch', (key) => `/trpc/workspace.get,workspace.get?batch=1&key=${key}`],
    ['the path', (key) => `/api/v1/workspaces/${key}`],
    ['the path of nothing', (key) => `/nowhere/${key}/at/all`],
    ['encoded underscores', (key) => `/api/v1/workspaces/${tenant.id}?k=${key.replaceAll('_', '%5F')}`],
    ['encoded underscores in the path', (key) => `/api/v1/${key.replaceAll('_', '%5f')}`],
  ];

  test.each(places)('%s', async (_, urlOf) => {
    for (const key of [secret, aKeyOfNobody()]) {
      for (const headers of [{}, { 'x-api-key': secret }]) {
        world.takeLogs();
        const answer = await send(world, { method: 'GET', url: urlOf(key) }, { headers });
        expect(answer).toMatchObject({ status: 400, code: 'access.key_in_url' });
        const hidden = key.slice('mk_live_'.length + 4);
        expect(answer.text).not.toContain(hidden);
        const lines = world.takeLogs();
        expect(lines.length).toBeGreaterThan(0);
        expect(JSON.stringify(lines)).not.toContain(hidden);
      }
    }
  });

  test('a mutation is refused before it does anything', async () => {
    const url = `/trpc/billing.debit?api_key=${secret}`;
    const payload = { workspaceId: tenant.id, amount: 1, description: 'never' };
    const answer = await send(world, { method: 'POST', url, payload }, { headers: { 'x-api-key': secret } });
    expect(answer).toMatchObject({ status: 400, code: 'access.key_in_url' });
    expect(await world.db.read.creditTransaction.count({ where: { description: 'never' } })).toBe(0);
  });

  test('its beginning alone, as lists show it, is no key', async () => {
    const url = `/trpc/workspace.get?input=%7B%7D&note=${secret.slice(0, 12)}`;
    expect((await send(world, { method: 'GET', url }, { token: secret })).status).toBe(200);
  });
});

test('the line of a request names the key and whoever made it', async () => {
  world.takeLogs();
  await send(world, { method: 'GET', url: '/trpc/workspace.get' }, { headers: { 'x-api-key': secret } });
  const [line] = world.takeLogs().filter(({ msg }) => msg === 'request');
  expect(line).toMatchObject({ userId: tenant.owner.user.id, apiKeyId, workspaceId: tenant.id, statusCode: 200 });
});

test('the life of a key over HTTP', async () => {
  const { accessToken: token } = tenant.owner;
  const make = { workspaceId: tenant.id, name: 'Sync', scopes: ['workspace:read'] };
  const created = await call(world, 'rest', theOne('apiKey.create'), make, { token });
  expect(created.status).toBe(201);
  const { apiKey, secret: first } = created.data as { apiKey: { id: string }; secret: string }; // the output of the procedure
  const works = async (key: string) =>
    (await send(world, { method: 'GET', url: '/trpc/workspace.get' }, { headers: { 'x-api-key': key } })).status;
  expect(await works(first)).toBe(200);
  const about = { workspaceId: tenant.id, apiKeyId: apiKey.id };
  const rotated = await call(world, 'trpc', theOne('apiKey.rotate'), { ...about, graceSeconds: 3_600 }, { token });
  const { secret: second } = rotated.data as { secret: string }; // as above
  expect([await works(first), await works(second)]).toEqual([200, 200]);
  expect((await call(world, 'rest', theOne('apiKey.revoke'), about, { token })).status).toBe(200);
  expect([await works(first), await works(second)]).toEqual([401, 401]);
  const listed = await call(world, 'trpc', theOne('apiKey.list'), { workspaceId: tenant.id }, { token });
  expect(listed.text).toContain(apiKey.id);
  for (const key of [first, second]) expect(listed.text).not.toContain(key);
});

/** All rows of all tables, whatever schema they are in, as PostgreSQL writes them. */
async function wholeDatabase(): Promise<string> {
  return withClient(world.databaseUrl, async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(`
      select format('%I.%I', table_schema, table_name) as name from information_schema.tables
       where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`);
    const texts: string[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query<{ text: string | null }>(
        `select string_agg(r::text, E'\\n') as text from ${name} r`,
      );
      texts.push(`${name}\n${rows[0]?.text ?? ''}`);
    }
    return texts.join('\n');
  });
}

test('a working day leaves no key in any table, line of the log or answer but the one that shows it', async () => {
  world.takeLogs();
  const { accessToken: token } = tenant.owner;
  const about = { workspaceId: tenant.id };
  const secrets: string[] = [];
  const others: string[] = [];
  for (const transport of TRANSPORTS) {
    const keyHeader = () => ({ 'idempotency-key': `day-${unique()}` });
    const issue = async (path: string, input: Record<string, unknown>) => {
      const headers = keyHeader();
      const answer = await call(world, transport, theOne(path), { ...about, ...input }, { token, headers });
      others.push((await call(world, transport, theOne(path), { ...about, ...input }, { token, headers })).text);
      const { apiKey, secret: shown } = answer.data as { apiKey: { id: string }; secret: string }; // the output of both
      secrets.push(shown);
      return { id: apiKey.id, shown };
    };
    const scopes = ['workspace:read', 'billing:spend', 'credential:manage'];
    const { id, shown } = await issue('apiKey.create', { name: 'Day', scopes });
    const { shown: next } = await issue('apiKey.rotate', { apiKeyId: id, graceSeconds: 60 });
    for (const key of [shown, next]) {
      const as = async (path: string, input: Record<string, unknown>) =>
        others.push(
          (
            await call(
              world,
              transport,
              theOne(path),
              { ...about, ...input },
              { headers: { 'x-api-key': key, ...keyHeader() } },
            )
          ).text,
        );
      await as('workspace.get', {});
      await as('billing.debit', { amount: 1, description: 'x' });
      await as('billing.debit', { amount: 0, description: 'x' });
      await as('billing.get', {});
      await as('auth.me', {});
      await as('credential.rotate', { credentialId: crypto.randomUUID(), key: 'the key of a provider' });
      // By mistake: the key where none belongs.
      await send(world, { method: 'GET', url: `/api/v1/workspaces/${tenant.id}?key=${key}` });
      await send(world, { method: 'GET', url: `/api/v1/${key}` });
      await send(world, {
        method: 'GET',
        url: '/trpc/auth.me',
        headers: { authorization: `Basic ${key}`, cookie: `k=${key}` },
      });
      others.push((await call(world, transport, theOne('auth.login'), { email: 'a@example.com', password: key })).text);
      others.push((await call(world, transport, theOne('auth.refresh'), { refreshToken: key })).text);
      others.push((await send(world, { method: 'GET', url: '/trpc/auth.me' }, { token: key.slice(0, -1) })).text);
    }
    others.push((await call(world, transport, theOne('apiKey.list'), about, { token })).text);
    await call(world, transport, theOne('apiKey.revoke'), { ...about, apiKeyId: id }, { token });
  }
  expect(secrets).toHaveLength(4);
  const [tables, logs] = [await wholeDatabase(), JSON.stringify(world.takeLogs())];
  expect(tables).toContain('api_key.rotated');
  expect(logs).toContain('"path":"/trpc/billing.debit"');
  for (const one of secrets) {
    // What is shown of it stays out of this: its first digits and its last.
    const hidden = one.slice('mk_live_'.length + 4, -4);
    expect(tables.includes(hidden), 'in a table').toBe(false);
    expect(logs.includes(hidden), 'in a line of the log').toBe(false);
    expect(others.filter((text) => text.includes(hidden))).toEqual([]);
    expect(tables).toContain(apiKeyHash(one));
    expect(logs).not.toContain(apiKeyHash(one));
  }
});

test('a secret that is shown once is not kept for a repetition', async () => {
  const headers = { 'idempotency-key': `create-${unique()}` };
  const make = { workspaceId: tenant.id, name: 'Once', scopes: ['workspace:read'] };
  const options = { token: tenant.owner.accessToken, headers };
  const first = await call(world, 'rest', theOne('apiKey.create'), make, options);
  const again = await call(world, 'rest', theOne('apiKey.create'), make, options);
  expect(again.data).toEqual({ ...(first.data as object), secret: null });
});

test('one idempotency key means another call for each key, and for the person who made them', async () => {
  const scopes = ['credential:manage'] as const;
  const [one, two] = [await anApiKey(world, tenant, { scopes }), await anApiKey(world, tenant, { scopes })];
  const headers = { 'idempotency-key': `shared-${unique()}` };
  const input = { workspaceId: tenant.id, providerName: 'hunter', key: 'the key of a provider' };
  const store = async (token: string) => {
    const answer = await call(world, 'trpc', theOne('credential.store'), input, { token, headers });
    return (answer.data as { id: string }).id; // the output of the procedure
  };
  const callers = [tenant.owner.accessToken, one.secret, two.secret];
  const [first, again] = [await Promise.all(callers.map(store)), await Promise.all(callers.map(store))];
  expect(new Set(first).size).toBe(3);
  expect(again).toEqual(first);
  // The same caller under a new secret.
  const { secret: next } = await world.services.apiKeys.rotate(tenant.scope, {
    apiKeyId: one.apiKey.id,
    graceSeconds: 0,
  });
  expect(await store(next ?? '')).toBe(first[1]);
});

test('a person who may not is refused, and so is a key for keys', async () => {
  const stranger = await aPerson(world);
  const make = { workspaceId: tenant.id, name: 'x', scopes: ['workspace:read'] };
  const asStranger = await call(world, 'rest', theOne('apiKey.create'), make, { token: stranger.accessToken });
  expect(asStranger).toMatchObject({ status: 403, code: 'access.forbidden' });
  const asKey = await call(world, 'rest', theOne('apiKey.create'), make, { token: secret });
  expect(asKey).toMatchObject({ status: 403, code: 'access.scope_missing' });
  const tooMuch = { ...make, scopes: ['apiKey:manage'] };
  const asOwner = await call(world, 'rest', theOne('apiKey.create'), tooMuch, { token: tenant.owner.accessToken });
  expect(asOwner).toMatchObject({ status: 400, code: 'request.invalid_input' });
});

describe('limits', () => {
  const get = (on: typeof world, key: string, remoteAddress: string) =>
    send(on, { method: 'GET', url: '/trpc/workspace.get' }, { headers: { 'x-api-key': key }, remoteAddress });

  test('each key has its own, beside that of its maker', async () => {
    const limited = await createWorld({ env: { RATE_LIMIT_USER_PER_MINUTE: '10', RATE_LIMIT_PER_MINUTE: '1000' } });
    try {
      const own = await aTenant(limited);
      const [one, two] = [await anApiKey(limited, own), await anApiKey(limited, own)];
      const statuses: number[] = [];
      for (let calls = 0; calls < 15; calls += 1)
        statuses.push((await get(limited, one.secret, '198.51.100.1')).status);
      expect(statuses[0]).toBe(200);
      // A minute may end in between.
      expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(3);
      expect((await get(limited, two.secret, '198.51.100.1')).status).toBe(200);
      const own429 = await send(limited, { method: 'GET', url: '/trpc/auth.me' }, { token: own.owner.accessToken });
      expect(own429.status).toBe(200);
      // A new secret makes no new budget.
      const next = await limited.services.apiKeys.rotate(own.scope, { apiKeyId: one.apiKey.id, graceSeconds: 0 });
      expect((await get(limited, next.secret ?? '', '198.51.100.1')).status).toBe(429);
    } finally {
      await limited.close();
    }
  });

  test('a good key is let in by a process that has never seen it, however many calls come at once', async () => {
    const limited = await createWorld({ env: { RATE_LIMIT_PER_MINUTE: '5', RATE_LIMIT_USER_PER_MINUTE: '1000' } });
    try {
      const { secret: good } = await anApiKey(limited, await aTenant(limited));
      const answers = await Promise.all(Array.from({ length: 60 }, () => get(limited, good, '198.51.100.3')));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      const forged = await Promise.all(Array.from({ length: 60 }, () => get(limited, aKeyOfNobody(), '198.51.100.3')));
      expect(forged.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(5);
      expect(new Set(forged.map(({ status }) => status))).toEqual(new Set([401, 429]));
    } finally {
      await limited.close();
    }
  });

  test('made-up keys are charged to their address, and do not lock out good ones there', async () => {
    const limited = await createWorld({ env: { RATE_LIMIT_PER_MINUTE: '5' } });
    try {
      const own = await aTenant(limited);
      const { secret: good } = await anApiKey(limited, own);
      expect((await get(limited, good, '198.51.100.2')).status).toBe(200);
      const statuses = [];
      for (let calls = 0; calls < 12; calls += 1) {
        statuses.push((await get(limited, aKeyOfNobody(), '198.51.100.2')).status);
      }
      expect(new Set(statuses)).toEqual(new Set([401, 429]));
      expect((await get(limited, good, '198.51.100.2')).status).toBe(200);
      const bearer = await send(
        limited,
        { method: 'GET', url: '/trpc/auth.me' },
        { token: own.owner.accessToken, remoteAddress: '198.51.100.2' },
      );
      expect(bearer.status).toBe(200);
    } finally {
      await limited.close();
    }
  });
});

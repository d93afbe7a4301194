import { createTRPCClient, httpBatchLink } from '@trpc/client';
import { expect, expectTypeOf, test } from 'vitest';
import { createJsonFetch } from '../src/http.ts';
import { type AppRouter, createMorket, transformer } from '../src/index.ts';
import { createTransport } from '../src/transport.ts';
import { credentials } from './fake-accounts.ts';
import { createFakeApi } from './fake-api.ts';
import { aSignedInClient } from './signed-in-client.ts';

const workspace = {
  id: 'w-1',
  name: 'Engines',
  slug: 'engines',
  role: 'owner',
  createdAt: new Date('2030-01-01T00:00:00Z'),
  updatedAt: new Date('2030-01-02T00:00:00Z'),
};

test('a call after sign-in carries the token, and dates arrive as Date', async () => {
  const { morket, api } = await aSignedInClient({}, { 'workspace.create': () => workspace });

  const created = await morket.workspace.create.mutate({ name: 'Engines' });

  expect(created.updatedAt).toEqual(new Date('2030-01-02T00:00:00Z'));
  expectTypeOf(created.updatedAt).toEqualTypeOf<Date>();
  const [call] = api.callsOf('workspace.create');
  expect(call?.input).toEqual({ name: 'Engines' });
  expect(call?.headers.authorization).toMatch(/^Bearer access-/);
});

test('registering keeps the tokens as signing in does', async () => {
  const { client, api } = await aSignedInClient();
  const other = client({ tokens: undefined });
  await other.auth.register.mutate({ ...credentials, name: 'Ada' });
  await other.auth.me.query();
  expect(api.calls.at(-1)?.headers.authorization).toMatch(/^Bearer access-/);
});

test('public calls carry no token, and need none', async () => {
  const { morket, api } = await aSignedInClient({}, {});
  const anonymous = createFakeApi({ 'health.live': () => ({ status: 'ok' }) });
  const fresh = createMorket({ url: 'http://api.test/', fetch: anonymous.fetch });
  expect(await fresh.health.live.query()).toEqual({ status: 'ok' });
  await morket.auth.login.mutate(credentials);
  expect(api.callsOf('auth.login').at(-1)?.headers).not.toHaveProperty('authorization');
});

test('queries of one tick share a request of at most ten; mutations go alone', async () => {
  const { morket, api } = await aSignedInClient({}, { 'workspace.create': () => workspace });
  const before = api.requestCount();
  await Promise.all(Array.from({ length: 25 }, () => morket.auth.me.query()));
  expect(api.requestCount() - before).toBe(3);

  const created = [1, 2, 3].map((n) => morket.workspace.create.mutate({ name: `W${n}` }));
  await Promise.all(created);
  expect(new Set(api.callsOf('workspace.create').map(({ requestNumber }) => requestNumber)).size).toBe(3);
});

test('inWorkspace names the workspace of its own calls, and batches apart from other scopes', async () => {
  const { morket, api } = await aSignedInClient({ workspaceId: 'home' }, { 'billing.get': () => ({}) });
  await Promise.all([
    morket.billing.get.query({}),
    morket.inWorkspace('away').billing.get.query({}),
    morket.inWorkspace('away').inWorkspace('third').billing.get.query({}),
  ]);
  const named = api.callsOf('billing.get').map((call) => [call.headers['x-workspace-id'], call.requestNumber]);
  expect(named.map(([id]) => id)).toEqual(['home', 'away', 'third']);
  expect(new Set(named.map(([, request]) => request)).size).toBe(3);
});

test('calls of one tick as different people never share a request', async () => {
  const api = createFakeApi({ 'auth.me': ({ headers }) => headers.authorization });
  const fetch = createJsonFetch({ fetch: api.fetch, timeoutMs: 1_000, now: Date.now });
  const send = createTransport({ url: 'http://api.test/trpc', fetch, headers: {} });
  const op = { id: 1, type: 'query', path: 'auth.me', input: undefined, context: {}, signal: null } as const;
  // As when a call of one person is repeated after another one has signed in.
  const as = ['ada', 'grace', 'grace', 'ada'];
  const answers = await Promise.all(as.map((authorization) => send(op, { authorization })));
  expect(answers).toEqual(as);
  expect(api.requestCount()).toBe(3);
});

test('fixed headers go with every request', async () => {
  const { morket, api } = await aSignedInClient({ headers: { 'x-team': 'growth' } });
  await morket.auth.me.query();
  expect(api.calls.map(({ headers }) => headers['x-team'])).toEqual(['growth', 'growth']);
});

test('a query too long for a batch goes alone instead of failing', async () => {
  const { morket, api } = await aSignedInClient({}, { 'billing.get': () => ({}) });
  await morket.billing.get.query({ workspaceId: 'x'.repeat(8_000) });
  expect(api.callsOf('billing.get')).toHaveLength(1);
});

test('hooks hear of each attempt and its outcome', async () => {
  const heard: string[] = [];
  const { morket } = await aSignedInClient({
    onRequest: ({ path, type, attempt }) => heard.push(`> ${type} ${path} ${attempt}`),
    onResponse: ({ path, error, durationMs }) => heard.push(`< ${path} ${error?.code ?? 'ok'} ${durationMs}`),
  });
  await morket.safe(morket.workspace.list.query({}));
  expect(heard).toEqual([
    '> mutation auth.login 1',
    '< auth.login ok 0',
    '> query workspace.list 1',
    '< workspace.list request.not_found 0',
  ]);
});

test('a raw tRPC client works with the exported types and transformer', async () => {
  const { api, store } = await aSignedInClient();
  const accessToken = (await store.get())?.accessToken;
  const raw = createTRPCClient<AppRouter>({
    links: [
      httpBatchLink({
        url: 'http://api.test/trpc',
        transformer,
        headers: { authorization: `Bearer ${accessToken}` },
        fetch: (url, init) => api.fetch(String(url), init as Parameters<typeof api.fetch>[1]), // what its link calls it with
      }),
    ],
  });
  expect((await raw.auth.me.query()).createdAt).toEqual(new Date('2030-01-01T00:00:00Z'));
});

test('wrong inputs do not compile', () => {
  const morket = createMorket({ url: 'http://api.test' });
  const wrong = () => [
    // @ts-expect-error: a name is a string
    morket.workspace.create.mutate({ name: 42 }),
    // @ts-expect-error: there is no such procedure
    morket.workspace.explode.mutate(),
    // @ts-expect-error: a query is no mutation
    morket.auth.me.mutate(),
  ];
  expect(wrong).toBeTypeOf('function');
});

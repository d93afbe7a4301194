import { type AppRouter, appRouter } from '@morket/rpc';
import { createContextFactory } from '@morket/rpc/http';
import { aTenant, type Tenant, useWorld } from '@morket/testing';
import {
  createTRPCUntypedClient,
  httpBatchLink,
  httpBatchStreamLink,
  httpLink,
  type TRPCUntypedClient,
} from '@trpc/client';
import { fastifyTRPCPlugin } from '@trpc/server/adapters/fastify';
import { fastify } from 'fastify';
import superjson from 'superjson';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/**
 * Our route stands in for tRPC's own adapter: the official links must not be able to tell the two apart. Both serve the same router
 * and services here, and every answer is compared as it came over the wire.
 */
const world = useWorld();
const stock = fastify({ routerOptions: { maxParamLength: 1_000 } });
let tenant: Tenant;
const origins = { ours: '', stock: '' };

beforeAll(async () => {
  tenant = await aTenant(world, { credits: 100, name: 'Größe 中文 🚀' });
  const createContext = createContextFactory({ services: world.services });
  await stock.register(fastifyTRPCPlugin, {
    prefix: '/trpc',
    trpcOptions: {
      router: appRouter,
      createContext: ({ req }: { req: Parameters<typeof createContext>[0] }) => createContext(req),
    },
  });
  origins.ours = await world.app.listen({ port: 0, host: '127.0.0.1' });
  origins.stock = await stock.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(() => stock.close());

type Seen = { readonly status: number; readonly type: string | null; readonly values: readonly string[] };
type Client = TRPCUntypedClient<AppRouter>;

/** An answer without what differs from call to call. */
const stable = (body: unknown): unknown =>
  JSON.parse(JSON.stringify(body, (key, value) => (key === 'requestId' && value !== null ? 'a request id' : value)));

/** The JSON values of an answer: one, or in a stream one a line, in any order. */
const valuesOf = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.stringify(stable(JSON.parse(line))))
    .toSorted();

async function over(
  origin: string,
  link: typeof httpLink | typeof httpBatchLink | typeof httpBatchStreamLink,
  work: (client: Client) => Promise<unknown>,
) {
  const seen: Seen[] = [];
  const client = createTRPCUntypedClient<AppRouter>({
    links: [
      link({
        url: `${origin}/trpc`,
        headers: { authorization: `Bearer ${tenant.owner.accessToken}`, 'x-workspace-id': tenant.id },
        transformer: { input: { serialize: (value) => value, deserialize: (value) => value }, output: superjson },
        fetch: async (url, init) => {
          // The link's own init is that of the platform's fetch; its type is a subset.
          const answer = await fetch(String(url), init as RequestInit);
          const type = answer.headers.get('content-type')?.split(';')[0] ?? null;
          const text = await answer.text();
          seen.push({ status: answer.status, type, values: valuesOf(text) });
          return new Response(text, answer);
        },
      }),
    ],
  });
  const outcome = await work(client).then(
    (data) => ({ data }),
    (err: unknown) => ({ message: err instanceof Error ? err.message : String(err) }),
  );
  return { outcome, seen };
}

const CALLS: Readonly<Record<string, (client: Client) => Promise<unknown>>> = {
  'a query with dates and Unicode in its answer': (client) => client.query('workspace.get'),
  'a query with input': (client) => client.query('billing.transactions', { page: 1, limit: 5 }),
  'a public query without input': (client) => client.query('health.live'),
  'a mutation that answers null': (client) => client.mutation('auth.setActiveWorkspace', { workspaceId: tenant.id }),
  'a wrong input': (client) => client.mutation('billing.debit', { amount: -1, description: '' }),
  'a failure of the domain': (client) => client.mutation('billing.debit', { amount: 1_000, description: 'too much' }),
  'an unknown procedure': (client) => client.query('billing.nothing'),
  'a mutation called as a query': (client) => client.query('workspace.create', { name: 'x' }),
  'a query called as a mutation': (client) => client.mutation('workspace.get'),
  'a very long input': (client) => client.query('billing.transactions', { page: 1, limit: 5, note: 'é'.repeat(1_000) }),
};

const BATCHES: Readonly<Record<string, (client: Client) => Promise<unknown>>> = {
  'three that succeed': (client) =>
    Promise.all([client.query('workspace.get'), client.query('health.live'), client.query('auth.me')]),
  'one that succeeds beside one that fails': (client) =>
    Promise.allSettled([client.query('workspace.get'), client.query('billing.nothing')]),
  'two that fail alike': (client) => Promise.allSettled([client.query('a.b'), client.query('c.d')]),
  'two that fail differently': (client) =>
    Promise.allSettled([client.query('billing.nothing'), client.query('billing.transactions', { page: 'x' })]),
};

describe.each([
  ['alone', httpLink, CALLS],
  ['in a batch of one', httpBatchLink, CALLS],
  ['in a batch', httpBatchLink, BATCHES],
  ['in a stream of one', httpBatchStreamLink, CALLS],
] as const)('%s', (_, link, cases) => {
  test.each(Object.entries(cases))('%s', async (_name, work) => {
    const [ours, theirs] = [await over(origins.ours, link, work), await over(origins.stock, link, work)];
    expect(ours.seen.length).toBeGreaterThan(0);
    expect(ours.seen).toEqual(theirs.seen);
    expect(stable(ours.outcome)).toEqual(stable(theirs.outcome));
  });
});

/** Which answer comes first is chance, and the stream numbers them as they come; what the client makes of it is the same. */
test.each(Object.entries(BATCHES))('in a stream: %s', async (_, work) => {
  const [ours, theirs] = [
    await over(origins.ours, httpBatchStreamLink, work),
    await over(origins.stock, httpBatchStreamLink, work),
  ];
  expect(ours.seen.map(({ status, type }) => [status, type])).toEqual([[200, 'application/json']]);
  expect(stable(ours.outcome)).toEqual(stable(theirs.outcome));
});

test('a batch that succeeds and fails is 207, and each call has its own answer', async () => {
  const { seen } = await over(
    origins.ours,
    httpBatchLink,
    BATCHES['one that succeeds beside one that fails'] ?? (async () => null),
  );
  expect(seen).toMatchObject([{ status: 207 }]);
  expect(JSON.parse(seen[0]?.values[0] ?? '')).toMatchObject([{ result: {} }, { error: {} }]);
});

import { describe, expect, test } from 'vitest';
import { createMorket, type Morket, type MorketOptions } from '../src/index.ts';
import { createFakeApi, Refusal, type Wire } from './fake-api.ts';
import { createFakeClock } from './fake-clock.ts';

const movement = { balance: 1, transaction: {} };
const debit = { amount: 1, description: 'Lookup' };

function setUp(options: Partial<MorketOptions> = {}, random = 0) {
  const api = createFakeApi({
    'health.live': () => ({ status: 'ok' }),
    'billing.debit': () => movement,
    'billing.addCredits': () => movement,
    'workspace.create': () => ({}),
    'auth.login': () => ({ accessToken: 'a', refreshToken: 'r', expiresIn: 1, user: { id: 'u' } }),
    'auth.refresh': () => ({ accessToken: 'a', refreshToken: 'r', expiresIn: 1 }),
  });
  const time = createFakeClock(random);
  const morket = createMorket({ url: 'http://api.test', fetch: api.fetch, clock: time.clock, ...options });
  return { api, morket, time };
}

/** Fails the first `times` requests in the given way; the API never sees them unless `fail` delivers. */
function failing(times: number, fail: (deliver: () => Promise<Response>) => Promise<Response>): Wire {
  let left = times;
  return (_url, _init, deliver) => {
    left -= 1;
    return left >= 0 ? fail(deliver) : deliver();
  };
}

const cut = () => Promise.reject(new TypeError('fetch failed'));
const status =
  (code: number, headers: Record<string, string> = {}) =>
  async () =>
    new Response('busy', { status: code, headers });
const afterDelivery = async (deliver: () => Promise<Response>) => {
  await deliver();
  return cut();
};

test.each([408, 429, 500, 502, 503, 504])('a query is repeated after status %d', async (code) => {
  const { api, morket } = setUp();
  api.useWire(failing(2, status(code)));
  expect(await morket.health.live.query()).toEqual({ status: 'ok' });
});

test.each([400, 401, 403, 404, 409, 412, 422])('a query is not repeated after status %d', async (code) => {
  const { api, morket, time } = setUp();
  api.useWire(failing(1, status(code)));
  await expect(morket.health.live.query()).rejects.toMatchObject({ status: code });
  expect(time.slept).toEqual([]);
});

test('a query is repeated after a cut connection, twice and no more', async () => {
  const retried: unknown[] = [];
  const { api, morket, time } = setUp({
    onRetry: ({ path, attempt, delayMs }) => retried.push([path, attempt, delayMs]),
  });
  api.useWire(failing(3, cut));
  await expect(morket.health.live.query()).rejects.toMatchObject({ code: 'client.connection' });
  expect(time.slept).toEqual([500, 1000]);
  expect(retried).toEqual([
    ['health.live', 1, 500],
    ['health.live', 2, 1000],
  ]);
});

test('delays double up to eight seconds and shrink by chance by up to a quarter', async () => {
  const long = setUp({ maxRetries: 7 });
  long.api.useWire(failing(7, cut));
  await long.morket.health.live.query();
  expect(long.time.slept).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);

  const shaken = setUp({}, 1);
  shaken.api.useWire(failing(1, cut));
  await shaken.morket.health.live.query();
  expect(shaken.time.slept).toEqual([375]);
});

test('Retry-After decides the delay, in seconds or as a date', async () => {
  const { api, morket, time } = setUp();
  const inTwoMinutes = (ms: number) => new Date(time.clock.now() + ms).toUTCString();
  api.useWire(failing(1, status(429, { 'retry-after': '7' })));
  await morket.health.live.query();
  api.useWire(failing(1, status(503, { 'retry-after': inTwoMinutes(30_000) })));
  await morket.health.live.query();
  expect(time.slept).toEqual([7_000, 30_000]);
});

test('a Retry-After of more than a minute is shown at once', async () => {
  const { api, morket, time } = setUp();
  api.useWire(failing(1, status(429, { 'retry-after': '61' })));
  await expect(morket.health.live.query()).rejects.toMatchObject({
    status: 429,
    retryAfterMs: 61_000,
    retryable: true,
  });
  expect(time.slept).toEqual([]);
});

test('the wait named in the details is used where the header is hidden', async () => {
  let refusals = 1;
  const api = createFakeApi({
    'health.ready': () => {
      refusals -= 1;
      if (refusals >= 0) throw new Refusal(503, 'server.unavailable', { retryAfterSeconds: 3 });
      return { status: 'ready' };
    },
  });
  const { clock, slept } = createFakeClock();
  const fetch: typeof api.fetch = async (url, init) => {
    const answer = await api.fetch(url, init);
    return new Response(await answer.text(), { status: answer.status });
  };
  await createMorket({ url: 'http://api.test', fetch, clock }).health.ready.query();
  expect(slept).toEqual([3_000]);
});

test('a mutation that needs no token has no key, and is sent once, whatever happens', async () => {
  const { api, morket, time } = setUp();
  for (const fail of [cut, afterDelivery, status(429), status(503)]) {
    api.useWire(failing(1, fail));
    const signIn = morket.auth.login.mutate({ email: 'ada@example.com', password: 'x' });
    await expect(signIn).rejects.toMatchObject({ name: 'MorketError' });
  }
  expect(time.slept).toEqual([]);
  for (const { headers } of api.callsOf('auth.login')) expect(headers).not.toHaveProperty('idempotency-key');
});

describe('every other mutation whose answer is lost is repeated under one key of the client', () => {
  const calls = {
    'billing.debit': (morket: Morket) => morket.billing.debit.mutate(debit),
    'workspace.create': (morket: Morket) => morket.workspace.create.mutate({ name: 'W' }),
  };
  test.each(Object.entries(calls))('%s', async (path, call) => {
    const { api, morket } = setUp();
    api.useWire(failing(2, afterDelivery));
    await call(morket);
    const keys = api.callsOf(path).map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);

    await call(morket);
    expect(api.callsOf(path).at(-1)?.headers['idempotency-key']).not.toBe(keys[0]);
  });
});

test('while the first of two is under way, the other one comes again when it is told to', async () => {
  let refusals = 1;
  const api = createFakeApi({
    'workspace.create': () => {
      refusals -= 1;
      if (refusals >= 0) throw new Refusal(409, 'idempotency.in_progress', { retryAfterSeconds: 1 });
      return {};
    },
  });
  const { clock, slept } = createFakeClock();
  await createMorket({ url: 'http://api.test', fetch: api.fetch, clock }).workspace.create.mutate({ name: 'W' });
  expect(slept).toEqual([1_000]);
  const keys = api.callsOf('workspace.create').map(({ headers }) => headers['idempotency-key']);
  expect(keys[1]).toBe(keys[0]);
});

test('a key in the context of a call is the one that is sent', async () => {
  const { api, morket } = setUp();
  api.useWire(failing(1, afterDelivery));
  await morket.workspace.create.mutate({ name: 'W' }, { context: { idempotencyKey: 'import-17-row-4' } });
  const keys = api.callsOf('workspace.create').map(({ headers }) => headers['idempotency-key']);
  expect(keys).toEqual(['import-17-row-4', 'import-17-row-4']);
});

test('the key the caller gives in the input is the only one', async () => {
  const { api, morket } = setUp();
  api.useWire(failing(1, afterDelivery));
  await morket.billing.addCredits.mutate({ amount: 5, description: 'March', idempotencyKey: 'march-top-up' });
  const seen = api.callsOf('billing.addCredits');
  expect(seen).toHaveLength(2);
  for (const { input, headers } of seen) {
    expect(input).toMatchObject({ idempotencyKey: 'march-top-up' });
    expect(headers).not.toHaveProperty('idempotency-key');
  }
});

test('a refresh made by hand is repeated under one key', async () => {
  const { api, morket } = setUp();
  api.useWire(failing(1, afterDelivery));
  await morket.auth.refresh.mutate({ refreshToken: 'somebody-else' });
  const keys = api.callsOf('auth.refresh').map(({ headers }) => headers['idempotency-key']);
  expect(keys).toHaveLength(2);
  expect(keys[0]).toBeTruthy();
  expect(keys[1]).toBe(keys[0]);
});

test('one attempt takes no longer than timeoutMs, with a fetch that heeds its signal or not', async () => {
  const deaf = () => new Promise<never>(() => {});
  const heeding: Wire = (_url, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  for (const wire of [deaf, heeding]) {
    const { api, morket, time } = setUp({ timeoutMs: 5 });
    api.useWire(wire);
    await expect(morket.health.live.query()).rejects.toMatchObject({
      code: 'client.timeout',
      details: { timeoutMs: 5 },
      retryable: true,
    });
    expect(time.slept).toHaveLength(2);
  }
});

test('a body that never ends is a timeout too', async () => {
  const { api, morket } = setUp({ timeoutMs: 5, maxRetries: 0 });
  api.useWire(async () => new Response(new ReadableStream({ start() {} })));
  await expect(morket.health.live.query()).rejects.toMatchObject({ code: 'client.timeout' });
});

test('an abort ends the call at once, with its reason, and cancels the request', async () => {
  const { api, morket } = setUp();
  const sent = Promise.withResolvers<AbortSignal>();
  api.useWire((_url, { signal }) => {
    sent.resolve(signal);
    return new Promise<never>(() => {});
  });
  const caller = new AbortController();
  const call = morket.billing.debit.mutate(debit, { signal: caller.signal });
  const signal = await sent.promise;
  caller.abort('changed my mind');
  await expect(call).rejects.toMatchObject({ code: 'client.aborted', cause: 'changed my mind', retryable: false });
  expect(signal.aborted).toBe(true);
});

test('an abort during the wait for a retry ends the call', async () => {
  const caller = new AbortController();
  const { api, morket } = setUp({ onRetry: () => caller.abort() });
  let requests = 0;
  api.useWire(() => {
    requests += 1;
    return cut();
  });
  await expect(morket.health.live.query(undefined, { signal: caller.signal })).rejects.toMatchObject({
    code: 'client.aborted',
  });
  expect(requests).toBe(1);
});

test('a call under a signal that has fired is not sent', async () => {
  const { api, morket } = setUp();
  const gone = AbortSignal.abort();
  await expect(morket.health.live.query(undefined, { signal: gone })).rejects.toMatchObject({ code: 'client.aborted' });
  expect(api.requestCount()).toBe(0);
});

test('one aborted query leaves the others of its batch alone', async () => {
  const { morket } = setUp();
  const caller = new AbortController();
  const aborted = morket.health.live.query(undefined, { signal: caller.signal });
  const other = morket.health.live.query();
  caller.abort();
  await expect(aborted).rejects.toMatchObject({ code: 'client.aborted' });
  expect(await other).toEqual({ status: 'ok' });
});

import { expect, test, vi } from 'vitest';
import { memoryTokens, type StoredTokens, type TokenStore } from '../src/index.ts';
import { credentials, TOKEN_LIFE_SECONDS } from './fake-accounts.ts';
import type { Wire } from './fake-api.ts';
import { aSignedInClient } from './signed-in-client.ts';

const isRefresh = (url: string) => url.includes('/trpc/auth.refresh');

/** Holds the first answer to a refresh back until it is let go. */
function holdRefresh() {
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const wire: Wire = async (url, _init, deliver) => {
    const answer = await deliver();
    if (isRefresh(url)) {
      reached.resolve();
      await gate.promise;
    }
    return answer;
  };
  return { wire, reached: reached.promise, letGo: () => gate.resolve() };
}

test('twenty calls with an expired token refresh exactly once and all succeed', async () => {
  const { morket, api, accounts } = await aSignedInClient({}, { 'workspace.create': () => ({}) });
  accounts.expireAll();
  const calls = Array.from({ length: 20 }, (_, n) =>
    n % 2 ? morket.auth.me.query() : morket.workspace.create.mutate({ name: `W${n}` }),
  );
  await Promise.all(calls);
  expect(api.callsOf('auth.refresh')).toHaveLength(1);
});

test('a token near its end is renewed before the call', async () => {
  const { morket, api, time } = await aSignedInClient();
  time.pass((TOKEN_LIFE_SECONDS - 91) * 1000);
  await morket.auth.me.query();
  expect(api.callsOf('auth.refresh')).toHaveLength(0);
  time.pass(1_000);
  await Promise.all([morket.auth.me.query(), morket.auth.me.query()]);
  expect(api.callsOf('auth.refresh')).toHaveLength(1);
  expect(api.callsOf('auth.me').at(-1)?.headers.authorization).toContain('access-1-1');
});

test('a refresh whose answer is lost is repeated under the key stored before it, and yields the same successor', async () => {
  const { morket, api, accounts, store } = await aSignedInClient();
  const keyBefore = (await store.get())?.refreshKey;
  accounts.expireAll();
  let lost = 2;
  api.useWire(async (url, _init, deliver) => {
    const answer = await deliver();
    if (isRefresh(url) && lost-- > 0) throw new TypeError('fetch failed');
    return answer;
  });

  await morket.auth.me.query();

  expect(api.callsOf('auth.refresh').map(({ headers }) => headers['idempotency-key'])).toEqual([
    keyBefore,
    keyBefore,
    keyBefore,
  ]);
  const after = await store.get();
  expect(after).toMatchObject({ refreshToken: 'refresh-1-1' });
  expect(after?.refreshKey).not.toBe(keyBefore);
});

test('a client that starts after a crash in the middle of a refresh carries on under the same key', async () => {
  const { morket, client, api, accounts, store } = await aSignedInClient({ maxRetries: 0 });
  accounts.expireAll();
  api.useWire(async (url, _init, deliver) => {
    const answer = await deliver();
    if (isRefresh(url)) throw new TypeError('fetch failed');
    return answer;
  });
  await expect(morket.auth.me.query()).rejects.toMatchObject({ code: 'client.connection' });

  api.useWire((_url, _init, deliver) => deliver());
  const reloaded = client({ tokens: memoryTokens(await store.get()) });
  await reloaded.auth.me.query();
  const keys = api.callsOf('auth.refresh').map(({ headers }) => headers['idempotency-key']);
  expect(keys).toHaveLength(2);
  expect(keys[1]).toBe(keys[0]);
});

test('a refused refresh forgets the tokens and shows the 401', async () => {
  const { morket, accounts, store } = await aSignedInClient();
  const heard = vi.fn();
  morket.session.onChange(heard);
  accounts.expireAll();
  const { refreshToken } = (await store.get()) as StoredTokens; // signed in above
  const stolen = { headers: { 'idempotency-key': 'a thief has another' }, input: { refreshToken } };
  accounts.procedures['auth.refresh']({ path: 'auth.refresh', method: 'POST', requestNumber: 0, ...stolen });

  await expect(morket.auth.me.query()).rejects.toMatchObject({ code: 'access.unauthenticated', status: 401 });
  expect(await store.get()).toBeNull();
  expect(await morket.session.userId()).toBeNull();
  expect(heard.mock.calls).toEqual([[null]]);
});

test('a refresh that fails for want of the server keeps the tokens and shows that failure', async () => {
  const { morket, api, accounts, store } = await aSignedInClient();
  accounts.expireAll();
  api.useWire((url, _init, deliver) => (isRefresh(url) ? Promise.reject(new TypeError('down')) : deliver()));
  await expect(morket.auth.me.query()).rejects.toMatchObject({ code: 'client.connection' });
  expect(await store.get()).not.toBeNull();
  api.useWire((_url, _init, deliver) => deliver());
  await morket.auth.me.query();
});

test('renewing early is no condition: while it fails, the old token is used, and it is not tried for each call', async () => {
  const { morket, api, time } = await aSignedInClient({ maxRetries: 0 });
  let tries = 0;
  api.useWire((url, _init, deliver) => {
    if (!isRefresh(url)) return deliver();
    tries += 1;
    return Promise.reject(new TypeError('down'));
  });
  time.pass((TOKEN_LIFE_SECONDS - 80) * 1000);
  await morket.auth.me.query();
  await morket.auth.me.query();
  expect(tries).toBe(1);
  time.pass(61_000);
  await morket.auth.me.query();
  expect(tries).toBe(2);
});

test('a revoked session forgets the tokens without a refresh', async () => {
  const { morket, api, accounts, store } = await aSignedInClient();
  accounts.revokeAll();
  await expect(morket.auth.me.query()).rejects.toMatchObject({ details: { reason: 'revoked' } });
  expect(api.callsOf('auth.refresh')).toHaveLength(0);
  expect(await store.get()).toBeNull();
});

test('a call refused again after the refresh is not refreshed for ever', async () => {
  const { morket, api, accounts } = await aSignedInClient();
  api.useWire((_url, _init, deliver) => {
    accounts.expireAll();
    return deliver();
  });
  await expect(morket.auth.me.query()).rejects.toMatchObject({ code: 'access.unauthenticated' });
  expect(api.callsOf('auth.refresh')).toHaveLength(1);
  expect(api.callsOf('auth.me')).toHaveLength(2);
});

test('signing out tells the server and forgets the tokens', async () => {
  const { morket, api, store } = await aSignedInClient();
  await morket.signOut();
  expect(api.callsOf('auth.logout').map(({ input }) => input)).toEqual([{ refreshToken: 'refresh-1-0' }]);
  expect(await store.get()).toBeNull();
  await expect(morket.auth.me.query()).rejects.toMatchObject({ details: { reason: 'missing' } });
  await morket.signOut();
  expect(api.callsOf('auth.logout')).toHaveLength(1);
});

test('signing out while the server is away forgets the tokens and says so', async () => {
  const { morket, api, store } = await aSignedInClient();
  api.useWire(() => Promise.reject(new TypeError('down')));
  await expect(morket.signOut()).rejects.toMatchObject({ code: 'client.connection' });
  expect(await store.get()).toBeNull();
});

test('a refresh that comes back after sign-out does not revive the session', async () => {
  const { morket, api, accounts, store } = await aSignedInClient();
  const { wire, reached, letGo } = holdRefresh();
  api.useWire(wire);
  accounts.expireAll();
  const call = morket.safe(morket.auth.me.query());
  await reached;
  await morket.signOut();
  letGo();
  expect((await call).error).toMatchObject({ code: 'access.unauthenticated' });
  expect(await store.get()).toBeNull();
});

test('nor does one that another client over the same store had under way', async () => {
  const { client, api, accounts, store } = await aSignedInClient();
  const { wire, reached, letGo } = holdRefresh();
  api.useWire(wire);
  accounts.expireAll();
  const other = client();
  const call = other.safe(other.auth.me.query());
  await reached;
  const leaving = client().signOut();
  await vi.waitFor(async () => expect(await store.get()).toBeNull());
  letGo();
  expect((await call).error).toMatchObject({ code: 'access.unauthenticated' });
  await leaving;
  expect(await store.get()).toBeNull();
});

test('not even one that had looked before the sign-out and writes after it', async () => {
  const { client, accounts, store } = await aSignedInClient();
  const writing = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const slow: TokenStore = {
    ...store,
    set: async (tokens) => {
      writing.resolve();
      await gate.promise;
      await store.set(tokens);
    },
  };
  accounts.expireAll();
  const call = client({ tokens: slow }).auth.me.query();
  await writing.promise;
  const leaving = client().signOut();
  await vi.waitFor(async () => expect(await store.get()).toBeNull());
  gate.resolve();
  await Promise.allSettled([call, leaving]);
  expect(await store.get()).toBeNull();
});

test('a late refresh does not touch the session of whoever signed in next, and no call is made in their name', async () => {
  const { morket, api, accounts, store } = await aSignedInClient();
  const { wire, reached, letGo } = holdRefresh();
  api.useWire(wire);
  accounts.expireAll();
  const call = morket.safe(morket.auth.me.query());
  await reached;
  await morket.auth.login.mutate({ ...credentials, email: 'grace@example.com' });
  letGo();
  expect((await call).error).toMatchObject({ code: 'access.unauthenticated' });
  expect(await store.get()).toMatchObject({ userId: 'user-of-grace@example.com' });
  expect(api.callsOf('auth.me')).toHaveLength(1);
});

test('a call refused after somebody else has signed in is not made in their name', async () => {
  const { morket, api, accounts } = await aSignedInClient();
  const asked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  accounts.expireAll();
  api.useWire(async (url, _init, deliver) => {
    const answer = await deliver();
    if (!url.includes('auth.me')) return answer;
    asked.resolve();
    await gate.promise;
    return answer;
  });
  const call = morket.safe(morket.auth.me.query());
  await asked.promise;
  await morket.auth.login.mutate({ ...credentials, email: 'grace@example.com' });
  gate.resolve();
  expect((await call).error).toMatchObject({ details: { reason: 'expired' } });
  expect(api.callsOf('auth.me')).toHaveLength(1);
  expect(api.callsOf('auth.refresh')).toHaveLength(0);
});

test('listeners hear who signs in and out, and nothing of renewals', async () => {
  const { morket, accounts } = await aSignedInClient();
  const heard = vi.fn();
  const stop = morket.session.onChange(heard);
  accounts.expireAll();
  await morket.auth.me.query();
  await morket.auth.login.mutate({ ...credentials, email: 'grace@example.com' });
  await morket.session.clear();
  stop();
  await morket.auth.login.mutate(credentials);
  expect(heard.mock.calls).toEqual([['user-of-grace@example.com'], [null]]);
});

test('a refresh or logout of the own token made by hand goes through the session', async () => {
  const { morket, api, store } = await aSignedInClient();
  const { refreshToken, refreshKey } = (await store.get()) as StoredTokens; // signed in above
  const pair = await morket.auth.refresh.mutate({ refreshToken });
  expect(api.callsOf('auth.refresh')[0]?.headers['idempotency-key']).toBe(refreshKey);
  expect(await store.get()).toMatchObject(pair);
  await morket.auth.logout.mutate({ refreshToken: pair.refreshToken });
  expect(await store.get()).toBeNull();
});

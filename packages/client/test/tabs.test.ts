import { expect, onTestFinished, test, vi } from 'vitest';
import { browserTokens, type StoredTokens } from '../src/index.ts';
import { credentials } from './fake-accounts.ts';
import type { Wire } from './fake-api.ts';
import { aSignedInClient } from './signed-in-client.ts';

/** What `localStorage` is: one map of texts for all tabs of an origin. */
function createStorage(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
    clear: () => kept.clear(),
    key: (index) => [...kept.keys()][index] ?? null,
    get length() {
      return kept.size;
    },
  };
}

let origins = 0;

/**
 * Two tabs of an origin of their own: two stores and two clients over one storage, one set of locks and one channel.
 */
async function twoTabs() {
  origins += 1;
  const shared = { name: `origin-${origins}`, storage: createStorage() };
  const here = browserTokens(shared);
  const there = browserTokens(shared);
  const set = await aSignedInClient({ tokens: here });
  return { ...set, shared, here: set.morket, there: set.client({ tokens: there }) };
}

/**
 * Lets the answers to `path` go on only when `count` of them are there, so that all callers see the state before any of
 * them.
 */
function together(path: string, count: number): Wire {
  const all = Promise.withResolvers<void>();
  let answered = 0;
  return async (url, _init, deliver) => {
    const answer = await deliver();
    if (!url.includes(path)) return answer;
    answered += 1;
    if (answered === count) all.resolve();
    await all.promise;
    return answer;
  };
}

test('two tabs with an expired token refresh once and both go on', async () => {
  const { here, there, api, accounts } = await twoTabs();
  accounts.expireAll();
  api.useWire(together('auth.me', 2));
  await Promise.all([here.auth.me.query(), there.auth.me.query()]);
  expect(api.callsOf('auth.refresh')).toHaveLength(1);
});

test('without locks two tabs refresh at once under one key, and both keep one successor', async () => {
  const { here, there, api, accounts, shared } = await twoTabs();
  vi.stubGlobal('navigator', {});
  onTestFinished(() => void vi.unstubAllGlobals());
  const writes = vi.spyOn(shared.storage, 'setItem');
  accounts.expireAll();
  const bothAsked = Promise.withResolvers<void>();
  const firstDone = Promise.withResolvers<void>();
  let answers = 0;
  api.useWire(async (url, _init, deliver) => {
    const answer = await deliver();
    if (!url.includes('auth.refresh')) return answer;
    answers += 1;
    const isFirst = answers === 1;
    if (!isFirst) bothAsked.resolve();
    await (isFirst ? bothAsked : firstDone).promise;
    return answer;
  });
  const calls = [here.auth.me.query(), there.auth.me.query()];
  await Promise.race(calls);
  firstDone.resolve();
  await Promise.all(calls);
  const keys = api.callsOf('auth.refresh').map(({ headers }) => headers['idempotency-key']);
  expect(keys).toHaveLength(2);
  expect(keys[1]).toBe(keys[0]);
  // A second write would put another key beside the same refresh token.
  expect(writes).toHaveBeenCalledOnce();
});

test('without locks a late refresh of one tab leaves whoever signed in in the other alone', async () => {
  const { here, there, api, accounts } = await twoTabs();
  vi.stubGlobal('navigator', {});
  onTestFinished(() => void vi.unstubAllGlobals());
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  accounts.expireAll();
  api.useWire(async (url, _init, deliver) => {
    const answer = await deliver();
    if (!url.includes('auth.refresh')) return answer;
    reached.resolve();
    await gate.promise;
    return answer;
  });
  const call = here.safe(here.auth.me.query());
  await reached.promise;
  await there.auth.login.mutate({ ...credentials, email: 'grace@example.com' });
  gate.resolve();
  expect((await call).error).toMatchObject({ code: 'access.unauthenticated' });
  expect(await here.session.userId()).toBe('user-of-grace@example.com');
});

test('signing in or out in one tab shows in the other', async () => {
  const { here, there } = await twoTabs();
  const heard = vi.fn();
  const stop = there.session.onChange(heard);
  await here.signOut();
  await vi.waitFor(() => expect(heard).toHaveBeenLastCalledWith(null));
  expect(await there.session.userId()).toBeNull();
  await here.auth.login.mutate(credentials);
  await vi.waitFor(() => expect(heard).toHaveBeenLastCalledWith('user-of-ada@example.com'));
  await there.auth.me.query();
  stop();
});

test('a reloaded tab is signed in, and somebody else’s text under the name is nobody', async () => {
  const { client, shared } = await twoTabs();
  expect(await client({ tokens: browserTokens(shared) }).session.userId()).toBe('user-of-ada@example.com');
  const kept = JSON.parse(shared.storage.getItem(shared.name) ?? '') as StoredTokens; // written by the store
  expect(kept.refreshKey).toBeTruthy();
  shared.storage.setItem(shared.name, 'not json');
  expect(await client({ tokens: browserTokens(shared) }).session.userId()).toBeNull();
});

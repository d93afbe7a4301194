import { expect, test } from 'vitest';
import { createMorket, isMorketError, memoryTokens } from '../src/index.ts';
import { createFakeAccounts, credentials } from './fake-accounts.ts';
import { createFakeApi, Refusal } from './fake-api.ts';

const KEY = 'mk_live_of-a-test';
const balance = { creditBalance: 975 };

function aClient(procedures: Parameters<typeof createFakeApi>[0]) {
  const api = createFakeApi(procedures);
  const tokens = memoryTokens();
  return { api, tokens, morket: createMorket({ url: 'http://api.test', fetch: api.fetch, apiKey: KEY, tokens }) };
}

test('every call that needs somebody carries the key, public ones carry nothing', async () => {
  const { api, morket } = aClient({ 'billing.get': () => balance, 'health.live': () => ({ status: 'ok' }) });
  expect(await morket.billing.get.query({})).toEqual(balance);
  await morket.inWorkspace('w').billing.get.query({});
  await morket.health.live.query();
  expect(api.callsOf('billing.get').map(({ headers }) => headers.authorization)).toEqual([
    `Bearer ${KEY}`,
    `Bearer ${KEY}`,
  ]);
  expect(api.callsOf('health.live')[0]?.headers).not.toHaveProperty('authorization');
});

test('a mutation under a key carries an idempotency key, too', async () => {
  const { api, morket } = aClient({ 'billing.debit': () => ({}) });
  await morket.billing.debit.mutate({ amount: 1, description: 'x' });
  expect(api.callsOf('billing.debit')[0]?.headers['idempotency-key']).toMatch(/\S{8,}/);
});

test.each(['expired', 'revoked', 'invalid'])(
  'a key that is %s is refused at once: nothing is renewed',
  async (reason) => {
    const refuse = () => {
      throw new Refusal(401, 'access.unauthenticated', { reason });
    };
    const { api, morket } = aClient({ 'billing.get': refuse });
    const { error } = await morket.safe(morket.billing.get.query({}));
    expect(isMorketError(error, 'access.unauthenticated') && error.details.reason).toBe(reason);
    expect(api.calls.map(({ path }) => path)).toEqual(['billing.get']);
  },
);

test('signing in through such a client keeps no tokens', async () => {
  const { api, tokens, morket } = aClient({ ...createFakeAccounts().procedures, 'billing.get': () => balance });
  await morket.auth.login.mutate(credentials);
  await morket.billing.get.query({});
  expect(tokens.get()).toBeNull();
  expect(await morket.session.userId()).toBeNull();
  expect(api.calls.at(-1)?.headers.authorization).toBe(`Bearer ${KEY}`);
});

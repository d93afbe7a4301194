import { createMorket, type MorketOptions, memoryTokens } from '../src/index.ts';
import { createFakeAccounts, credentials } from './fake-accounts.ts';
import { createFakeApi, type Procedure } from './fake-api.ts';
import { createFakeClock } from './fake-clock.ts';

const user = { id: 'u', email: credentials.email, name: 'Ada', createdAt: new Date('2030-01-01T00:00:00Z') };

/** A fake API with sign-in, a client of it with a clock that stands still, and somebody signed in. */
export async function aSignedInClient(
  options: Partial<MorketOptions> = {},
  procedures: Readonly<Record<string, Procedure>> = {},
) {
  const accounts = createFakeAccounts();
  const open = { 'auth.me': () => user, ...procedures };
  const guarded = Object.entries(open).map(([path, procedure]) => [path, accounts.signedIn(procedure)] as const);
  const api = createFakeApi({ ...Object.fromEntries(guarded), ...accounts.procedures });
  const time = createFakeClock();
  const store = options.tokens ?? memoryTokens();
  const client = (more: Partial<MorketOptions> = {}) =>
    createMorket({ url: 'http://api.test', fetch: api.fetch, clock: time.clock, tokens: store, ...options, ...more });
  const morket = client();
  await morket.auth.login.mutate(credentials);
  return { accounts, api, client, morket, store, time };
}

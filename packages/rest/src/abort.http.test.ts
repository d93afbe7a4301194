import { afterEach, expect, test } from 'vitest';
import { fakeServices, GOOD_TOKEN, WORKSPACE_ID } from '../test/fake-services.ts';
import { restApp } from '../test/rest-app.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** The REST surface on a port, with two verbs that wait until their signal fires: one of a query, one of a mutation. */
async function waitingApi(options: { readonly handlerTimeoutMs?: number } = {}) {
  const begun = Promise.withResolvers<AbortSignal>();
  const wait = async (signal: AbortSignal | undefined): Promise<never> => {
    if (!signal) throw new Error('There is a signal for every call.');
    begun.resolve(signal);
    await aborted(signal);
    throw signal.reason;
  };
  const services = fakeServices({
    billing: { debit: (_scope, _input, signal) => wait(signal) },
    ledgerAudit: { verify: (_scope, signal) => wait(signal) },
  });
  const { app } = restApp(services, options);
  const origin = await app.listen({ host: '127.0.0.1', port: 0 });
  closing.push(() => app.close());
  const billing = `${origin}/api/v1/workspaces/${WORKSPACE_ID}/billing`;
  const authorization = `Bearer ${GOOD_TOKEN}`;
  const asks: Readonly<Record<string, (init?: RequestInit) => Promise<Response>>> = {
    'a query': (init) => fetch(`${billing}/verification`, { headers: { authorization }, ...init }),
    'a mutation': (init) =>
      fetch(`${billing}/debits`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ amount: 1, description: 'x' }),
        ...init,
      }),
  };
  return { asks, begun: begun.promise };
}

const aborted = (signal: AbortSignal) =>
  signal.aborted
    ? Promise.resolve()
    : new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

test.each(['a query', 'a mutation'])('%s is cancelled when its caller goes away', async (kind) => {
  const { asks, begun } = await waitingApi();
  const caller = new AbortController();
  const answer = asks[kind]?.({ signal: caller.signal });
  const signal = await begun;
  expect(signal.aborted).toBe(false);
  caller.abort();
  await expect(answer).rejects.toThrow('aborted');
  await aborted(signal);
});

test.each(['a query', 'a mutation'])('503: %s that takes too long is answered for, and cancelled', async (kind) => {
  const { asks, begun } = await waitingApi({ handlerTimeoutMs: 200 });
  const answer = await asks[kind]?.();
  expect([answer?.status, answer?.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await answer?.json()).toMatchObject({ success: false, error: { code: 'server.unavailable' } });
  await aborted(await begun);
});

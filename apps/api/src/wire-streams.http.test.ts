import { once } from 'node:events';
import { createTRPCUntypedClient, httpBatchStreamLink, httpSubscriptionLink, type TRPCLink } from '@trpc/client';
import type { Unsubscribable } from '@trpc/server/observable';
import { describe, expect, test, vi } from 'vitest';
import { TestEventSource } from '../test/event-source.ts';
import { useTwoAdapters } from '../test/two-adapters.ts';
import { transformer, type WireRouter } from '../test/wire-router.ts';

/** What is answered in pieces comes from tRPC's adapter; behind our route it must work as it does alone. */
const { origins, waiting, takeLogs } = useTwoAdapters({ handlerTimeout: 500 });
const SIDES = ['ours', 'stock'] as const;

const clientOf = (link: TRPCLink<WireRouter>) => createTRPCUntypedClient<WireRouter>({ links: [link] });
const subscriber = (origin: string) =>
  clientOf(httpSubscriptionLink({ url: `${origin}/trpc`, transformer, EventSource: TestEventSource }));

/** Everything a subscription gives until it ends. */
function heard(origin: string, path: string, input?: unknown): Promise<{ data: unknown[]; message?: string }> {
  const data: unknown[] = [];
  return new Promise((resolve) => {
    subscriber(origin).subscription(path, input, {
      onData: (one) => data.push(one),
      onComplete: () => resolve({ data }),
      onError: ({ message }) => resolve({ data, message }),
    });
  });
}

const query = (input: unknown) => `input=${encodeURIComponent(JSON.stringify(input))}`;

describe('the stream link', () => {
  test.each(SIDES)('gets each answer when it is ready: %s', async (side) => {
    const client = clientOf(httpBatchStreamLink({ url: `${origins[side]}/trpc`, transformer }));
    const started = once(waiting, 'started');
    const [late, early] = [client.query('hear'), client.query('told')];
    expect(await early).toMatchObject({ at: expect.any(Date) });
    await started;
    waiting.emit('said', 'now');
    expect(await late).toMatchObject({ text: 'now', at: expect.any(Date) });
  });

  test('more calls than a batch holds are refused each', async () => {
    const client = clientOf(httpBatchStreamLink({ url: `${origins.ours}/trpc`, transformer }));
    const answers = await Promise.allSettled(Array.from({ length: 11 }, () => client.query('pong')));
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 'rejected', reason: { message: 'A batch holds at most 10 calls.' } });
    }
  });
});

describe('a subscription', () => {
  test('gives what it yields, dates and all, to the end', async () => {
    const { data } = await heard(origins.ours, 'count', { upTo: 2 });
    const at = expect.any(Date);
    expect(data).toEqual([
      { id: '1', data: { n: 1, at } },
      { id: '2', data: { n: 2, at } },
    ]);
    expect(data).toEqual((await heard(origins.stock, 'count', { upTo: 2 })).data);
  });

  test('goes on after the last event seen', async () => {
    const { data } = await heard(origins.ours, 'count', { upTo: 4, lastEventId: '3' });
    expect(data).toMatchObject([{ id: '4' }]);
  });

  test.each(['refuseToCount', 'no.such.subscription'])('that cannot start says why: %s', async (path) => {
    const ours = await heard(origins.ours, path);
    expect(ours).toEqual(await heard(origins.stock, path));
    expect(ours.data).toEqual([]);
  });

  test.each([
    ['to the end', `count?${query({ upTo: 3 })}`],
    ['with a fault', 'countAndFail'],
    ['refused', 'refuseToCount'],
    ['with a wrong input', `count?${query({ upTo: 'x' })}`],
    ['after an event', `count?${query({ upTo: 3 })}&lastEventId=2`],
  ])('comes over the wire as from the adapter: %s', async (_, address) => {
    const [ours, theirs] = await Promise.all(
      SIDES.map(async (side) => {
        const answer = await fetch(`${origins[side]}/trpc/${address}`, { headers: { accept: 'text/event-stream' } });
        const names = ['content-type', 'cache-control', 'x-accel-buffering', 'vary'];
        return {
          status: answer.status,
          headers: names.map((name) => answer.headers.get(name)),
          text: await answer.text(),
        };
      }),
    );
    expect(ours).toEqual(theirs);
  });

  test('that fails on its way is logged', async () => {
    takeLogs();
    await (await fetch(`${origins.ours}/trpc/countAndFail`)).text();
    const lines: unknown[] = [];
    await vi.waitFor(() => {
      lines.push(...takeLogs());
      expect(lines).toContainEqual(expect.objectContaining({ msg: 'request', path: '/trpc/countAndFail' }));
    });
    expect(lines).toContainEqual(
      expect.objectContaining({
        msg: 'unexpected failure',
        err: expect.objectContaining({ message: 'a fault in a stream' }),
      }),
    );
  });

  test('outlives the time that a handler has', async () => {
    const said: unknown[] = [];
    const listening = new Promise<Unsubscribable>((resolve) => {
      const subscription = subscriber(origins.ours).subscription(
        'listen',
        { name: 'long' },
        {
          onData: (text) => {
            said.push(text);
            if (text === 'listening') resolve(subscription);
          },
        },
      );
    });
    const subscription = await listening;
    // Begun after it, cut off by the limit.
    const { status } = await fetch(`${origins.ours}/trpc/wait?${query({ name: 'short' })}`);
    expect(status).toBe(503);
    waiting.emit('said', 'still here');
    await vi.waitFor(() => expect(said).toEqual(['listening', 'still here']));
    const ended = once(waiting, 'ended');
    subscription.unsubscribe();
    expect(await ended).toEqual(['long']);
  });

  test.each([
    ['in a batch', 'count,pong?batch=1'],
    ['in a batch of one', 'count?batch=1'],
  ])('is called alone: %s', async (_, address) => {
    const answer = await fetch(`${origins.ours}/trpc/${address}`);
    expect([207, 400]).toContain(answer.status);
    expect(await answer.text()).toContain('a subscription is called alone');
  });
});

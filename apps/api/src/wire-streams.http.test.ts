import { once } from 'node:events';
import { createTRPCUntypedClient, httpBatchStreamLink, httpSubscriptionLink, type TRPCLink } from '@trpc/client';
import type { Unsubscribable } from '@trpc/server/observable';
import { describe, expect, test, vi } from 'vitest';
import { TestEventSource } from '../test/event-source.ts';
import { type LogLine, useTwoAdapters } from '../test/two-adapters.ts';
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

const jsonl = { 'trpc-accept': 'application/jsonl' };
const json = { 'content-type': 'application/json' };
const ask = (address: string, init: RequestInit = {}) =>
  fetch(`${origins.ours}/trpc/${address}`, { ...init, headers: { ...jsonl, ...init.headers } });

const posted = (body: unknown, headers: Readonly<Record<string, string>> = {}): RequestInit => ({
  method: 'POST',
  headers: { ...json, ...headers },
  body: JSON.stringify(body),
});

/** What was logged up to the line of this request. */
async function logsUntil(path: string): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  await vi.waitFor(() => {
    lines.push(...takeLogs());
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'request', path }));
  });
  return lines;
}

describe('what is answered in pieces is checked like everything else', () => {
  test.each([
    ['an input given twice', `asked?batch=1&${query({})}&${query({ 0: 'a\u0000' })}`],
    ['an input given twice, hidden', `asked?batch=1&${query({})}&%69nput=1`],
    ['an input that is read in two ways', 'asked?batch=1&input={"0":{"%5F_proto__":1,"x":"%FF"}}'],
    ['batch given twice', `asked?batch=1&batch=1&${query({})}`],
    ['an event id given twice', `count?${query({ upTo: 1 })}&lastEventId=1&lastEventId=2`],
    ['an event id with a NUL', `count?${query({ upTo: 1 })}&lastEventId=a%00`],
    ['an event id with a NUL by its other name', `count?${query({ upTo: 1 })}&Last-Event-Id=a%00`],
    ['connection parameters with a NUL', `asked?batch=1&connectionParams=${encodeURIComponent('{"a":"\\u0000"}')}`],
  ])('%s', async (_, address) => {
    takeLogs();
    const answer = await ask(address);
    expect(await answer.text()).toContain('The request cannot be read');
    expect(answer.status).toBe(400);
    expect(await logsUntil(`/trpc/${address.split('?')[0]}`)).toHaveLength(1);
  });

  test('a comma that is encoded twice makes no batch', async () => {
    const init = { method: 'POST', body: '{}', headers: { ...json, 'idempotency-key': 'one-for-one-effect' } };
    const text = await (await ask('touch%252Ctouch?batch=1', init)).text();
    expect(text).toContain('No procedure found on path \\"touch%2Ctouch\\"');
  });

  test('nobody keeps it', async () => {
    expect((await ask('pong?batch=1')).headers.get('cache-control')).toBe('no-store');
  });

  test('an answer that cannot be written fails alone, and is logged', async () => {
    takeLogs();
    const client = clientOf(httpBatchStreamLink({ url: `${origins.ours}/trpc`, transformer }));
    const [bad, good] = await Promise.allSettled([client.query('unwritable'), client.query('told')]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('pollution') } });
    expect(good).toMatchObject({ status: 'fulfilled', value: { at: expect.any(Date) } });
    expect(await logsUntil('/trpc/unwritable,told')).toContainEqual(
      expect.objectContaining({ level: 50, path: 'unwritable', msg: 'unexpected failure' }),
    );
  });

  test('the adapter alone would break the whole stream off', async () => {
    const client = clientOf(httpBatchStreamLink({ url: `${origins.stock}/trpc`, transformer }));
    const both = await Promise.allSettled([client.query('unwritable'), client.query('hear')]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  test('a piece that cannot be written ends the pieces', async () => {
    const client = clientOf(httpBatchStreamLink({ url: `${origins.ours}/trpc`, transformer }));
    const pieces = (await client.query('piecesUnwritable')) as AsyncIterable<unknown>; // as declared
    const got: unknown[] = [];
    await expect(
      (async () => {
        for await (const piece of pieces) got.push(piece);
      })(),
    ).rejects.toThrow('pollution');
    expect(got).toEqual([1]);
  });
});

describe('the time that a handler has', () => {
  test.each([
    ['a call', `wait?${query({ name: 'limited' })}`, {}],
    ['a batch', `wait?batch=1&${query({ 0: { name: 'limited' } })}`, {}],
    ['a streamed batch', `wait?batch=1&${query({ 0: { name: 'limited' } })}`, { headers: jsonl }],
    ['a mutation', 'waitToWrite', posted({ name: 'limited' })],
    ['a batch of mutations', 'waitToWrite?batch=1', posted({ 0: { name: 'limited' } })],
    ['a streamed batch of mutations', 'waitToWrite?batch=1', posted({ 0: { name: 'limited' } }, jsonl)],
  ])('ends %s, which is logged as 503', async (_, address, init) => {
    takeLogs();
    const aborted = once(waiting, 'aborted');
    await fetch(`${origins.ours}/trpc/${address}`, init)
      .then((answer) => answer.text())
      .catch(() => undefined);
    expect(await aborted).toEqual(['limited']);
    const lines = await logsUntil(`/trpc/${address.split('?')[0]}`);
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'request', statusCode: 503 }));
    expect(lines.filter(({ level }) => Number(level) >= 40)).toEqual([]);
  });

  test('is told to the caller, who may come again', async () => {
    const answer = await fetch(`${origins.ours}/trpc/waitToWrite`, posted({ name: 'limited' }));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await answer.json()).toMatchObject({ error: { json: { message: 'The service is busy.' } } });
  });

  test('does not end what is answered in time', async () => {
    const answers = await Promise.all(
      ['a', 'b'].map((text) => fetch(`${origins.ours}/trpc/write`, posted({ text })).then((answer) => answer.status)),
    );
    expect(answers).toEqual([200, 200]);
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

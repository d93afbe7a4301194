import { describe, expect, test, vi } from 'vitest';
import type { MorketOptions, RealtimeEvent, RealtimeMessage, RealtimeState } from '../src/index.ts';
import { createFakeStreams } from './fake-streams.ts';
import { aSignedInClient } from './signed-in-client.ts';

const READY = { kind: 'ready' } as const;
const anEvent = (version: number, entity = 'form'): RealtimeEvent => ({
  ...{ kind: 'event', name: `${entity}.updated`, entity, entityId: 'e', version },
  ...{ at: new Date('2030-01-01T00:00:00Z'), actorId: null },
});

async function setUp(options: Partial<MorketOptions> = {}) {
  const streams = createFakeStreams();
  const signedIn = await aSignedInClient(options);
  signedIn.api.useWire((url, init, deliver) =>
    url.includes('/realtime.subscribe') ? streams.fetch(url, init) : deliver(),
  );
  return { ...signedIn, streams };
}

/** The next message of a loop. */
async function next(loop: AsyncIterator<RealtimeMessage, undefined>): Promise<RealtimeMessage | undefined> {
  return (await loop.next()).value;
}

test('a loop gets what the stream tells, dates and all, and closes it when it ends', async () => {
  const { morket, streams } = await setUp();
  const told: RealtimeMessage[] = [];
  const looped = (async () => {
    for await (const message of morket.inWorkspace('w-1').realtime.subscribe()) {
      told.push(message);
      if (message.kind === 'event') break;
    }
  })();
  const stream = await streams.opened();
  expect(new URL(stream.url).searchParams.get('input')).toBe('{}');
  expect(stream.url).not.toContain('access-');
  expect(stream.headers).toMatchObject({
    ...{ accept: 'text/event-stream', 'x-workspace-id': 'w-1' },
    authorization: expect.stringMatching(/^Bearer access-/),
  });
  stream.tell('1', READY);
  stream.tell('2', anEvent(1));
  await looped;
  expect(told).toEqual([READY, anEvent(1)]);
  await vi.waitFor(() => expect(stream.signal.aborted).toBe(true));
});

test('loops of one workspace share a stream, each with its own topics; another workspace has another', async () => {
  const { morket, streams } = await setUp();
  const here = morket.inWorkspace('w-1');
  const [all, forms] = [here.realtime.subscribe(), morket.inWorkspace('w-1').realtime.subscribe({ topics: ['form'] })];
  const firsts = [next(all), next(forms)];
  const stream = await streams.opened();
  stream.tell('1', READY);
  expect(await Promise.all(firsts)).toEqual([READY, READY]);
  stream.tell('2', anEvent(1, 'deal'));
  stream.tell('3', anEvent(2));
  expect([await next(all), await next(all)]).toEqual([anEvent(1, 'deal'), anEvent(2)]);
  expect(await next(forms)).toEqual(anEvent(2));

  const named = here.realtime.subscribe({ topics: ['deal.updated'] });
  expect(await next(named)).toEqual(READY);
  const elsewhere = next(morket.inWorkspace('w-2').realtime.subscribe());
  const other = await streams.opened();
  expect(other.headers['x-workspace-id']).toBe('w-2');
  other.tell('1', READY);
  expect(await elsewhere).toEqual(READY);

  await Promise.all([all.return?.(), forms.return?.()]);
  expect(stream.signal.aborted).toBe(false);
  await named.return?.();
  expect(stream.signal.aborted).toBe(true);
  expect(streams.unclaimed()).toBe(0);
});

describe('a stream that ends is opened again', () => {
  test('behind the last event, after a wait that grows, and nobody is told twice that it is ready', async () => {
    const onRetry = vi.fn();
    const { morket, streams, time } = await setUp({ onRetry });
    const states: RealtimeState[] = [];
    const loop = morket.realtime.subscribe({}, { onState: (state) => states.push(state) });
    const first = next(loop);
    const stream = await streams.opened();
    stream.tell('7', READY);
    expect(await first).toEqual(READY);
    const second = next(loop);
    stream.cut();
    (await streams.opened()).cut();
    (await streams.opened()).cut();
    const again = await streams.opened();
    expect(again.headers['last-event-id']).toBe('7');
    again.tell('8', anEvent(1));
    again.tell('9', READY);
    again.tell('10', anEvent(2));
    expect([await second, await next(loop)]).toEqual([anEvent(1), anEvent(2)]);
    expect(time.slept).toEqual([500, 1_000, 2_000]);
    expect(states).toEqual(['connecting', 'open', 'connecting', 'open']);
    expect(onRetry).toHaveBeenCalledTimes(3);
    expect(onRetry.mock.calls[0]?.[0]).toMatchObject({
      ...{ path: 'realtime.subscribe', type: 'subscription', attempt: 1, delayMs: 500 },
      error: { code: 'client.connection' },
    });
    await loop.return?.();
  });

  test('when the server is about to stop, after the time that it asks for and some more', async () => {
    const { morket, streams, time } = await setUp({});
    const loop = morket.realtime.subscribe();
    const first = next(loop);
    (await streams.opened()).fail('server.unavailable', 503, { retryAfterSeconds: 1 });
    (await streams.opened()).tell('1', READY);
    expect(await first).toEqual(READY);
    expect(time.slept).toEqual([1_000]);
    await loop.return?.();
  });

  test('at once and under a new access token, when the old one has ended', async () => {
    const { morket, streams, time } = await setUp();
    const loop = morket.realtime.subscribe();
    const first = next(loop);
    const before = await streams.opened();
    before.tell('1', READY);
    await first;
    const second = next(loop);
    before.fail('access.unauthenticated', 401, { reason: 'expired' });
    const after = await streams.opened();
    expect(after.headers.authorization).not.toBe(before.headers.authorization);
    expect(after.headers['last-event-id']).toBe('1');
    after.tell('2', anEvent(1));
    expect(await second).toEqual(anEvent(1));
    expect(time.slept).toEqual([]);
    await loop.return?.();
  });
});

describe('a stream that may not go on', () => {
  test('fails every loop, once', async () => {
    const { morket, streams } = await setUp();
    const [one, other] = [morket.realtime.subscribe(), morket.realtime.subscribe()];
    const pending = [next(one), next(other)];
    (await streams.opened()).fail('access.forbidden', 403);
    for (const message of pending)
      await expect(message).rejects.toMatchObject({ code: 'access.forbidden', status: 403 });
    expect(await one.next()).toEqual({ done: true, value: undefined });
    expect(streams.unclaimed()).toBe(0);
  });

  test('forgets the tokens of a session that was ended', async () => {
    const { morket, streams, store } = await setUp();
    const message = next(morket.realtime.subscribe());
    (await streams.opened()).fail('access.unauthenticated', 401, { reason: 'revoked' });
    await expect(message).rejects.toMatchObject({ code: 'access.unauthenticated' });
    expect(await store.get()).toBeNull();
  });

  test('does not renew without end tokens that nobody takes', async () => {
    const { morket, streams, api } = await setUp();
    const message = next(morket.realtime.subscribe());
    for (let n = 0; n < 2; n += 1) {
      (await streams.opened()).fail('access.unauthenticated', 401, { reason: 'expired' });
    }
    await expect(message).rejects.toMatchObject({ code: 'access.unauthenticated' });
    expect(api.callsOf('auth.refresh')).toHaveLength(1);
  });

  test('ends when whoever listens signs out', async () => {
    const { morket, streams } = await setUp();
    const loop = morket.realtime.subscribe();
    const first = next(loop);
    const stream = await streams.opened();
    stream.tell('1', READY);
    await first;
    const second = next(loop);
    await morket.session.clear();
    await expect(second).rejects.toMatchObject({ code: 'access.unauthenticated', details: { reason: 'missing' } });
    expect(stream.signal.aborted).toBe(true);
  });

  test('ends quietly with the signal of its loop', async () => {
    const { morket, streams } = await setUp();
    const controller = new AbortController();
    const told: RealtimeMessage[] = [];
    const looped = (async () => {
      for await (const message of morket.realtime.subscribe({}, { signal: controller.signal })) {
        told.push(message);
        controller.abort();
      }
    })();
    const stream = await streams.opened();
    stream.tell('1', READY);
    await looped;
    expect(told).toEqual([READY]);
    expect(stream.signal.aborted).toBe(true);
  });
});

test('an API key listens as itself, and is never renewed', async () => {
  const { morket, streams, api } = await setUp({ apiKey: 'mk_live_x' });
  const message = next(morket.realtime.subscribe());
  const stream = await streams.opened();
  expect(stream.headers.authorization).toBe('Bearer mk_live_x');
  stream.fail('access.unauthenticated', 401, { reason: 'expired' });
  await expect(message).rejects.toMatchObject({ code: 'access.unauthenticated' });
  expect(api.callsOf('auth.refresh')).toEqual([]);
});

test('an answer that is no stream is refused or tried again, as its error says', async () => {
  const { morket, api, time } = await setUp();
  const answers = [
    new Response('<html>', { status: 502 }),
    Response.json(
      {
        error: {
          json: { message: 'no', code: 1, data: { errorCode: 'access.forbidden', httpStatus: 403, details: {} } },
        },
      },
      { status: 403 },
    ),
  ];
  api.useWire(async () => answers.shift() ?? Response.error());
  await expect(morket.realtime.subscribe().next()).rejects.toMatchObject({ code: 'access.forbidden' });
  expect(time.slept).toEqual([500]);
});

test('a stream that is silent for longer than announced is given up', async () => {
  vi.useFakeTimers();
  try {
    const { morket, streams } = await setUp();
    const loop = morket.realtime.subscribe();
    const first = next(loop);
    const silent = await streams.opened();
    silent.tell('1', READY);
    await first;
    const second = next(loop);
    await vi.advanceTimersByTimeAsync(40_000);
    expect(silent.signal.aborted).toBe(true);
    const again = await streams.opened();
    again.tell('2', anEvent(1));
    expect(await second).toEqual(anEvent(1));
    await loop.return?.();
  } finally {
    vi.useRealTimers();
  }
});

test('a loop that falls behind keeps only that it has to fetch again', async () => {
  const { morket, streams } = await setUp();
  const [slow, quick] = [morket.realtime.subscribe(), morket.realtime.subscribe()];
  const firsts = [next(slow), next(quick)];
  const stream = await streams.opened();
  stream.tell('0', READY);
  await Promise.all(firsts);
  for (let n = 1; n <= 1_001; n += 1) stream.tell(String(n), anEvent(n));
  for (let n = 1; n <= 1_001; n += 1) expect(await next(quick)).toEqual(anEvent(n));
  expect(await next(slow)).toEqual({ kind: 'reset', reason: 'too_much' });
  stream.tell('1002', anEvent(1_002));
  expect(await next(slow)).toEqual(anEvent(1_002));
  await Promise.all([slow.return?.(), quick.return?.()]);
});

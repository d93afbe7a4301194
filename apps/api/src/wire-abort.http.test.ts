import { once } from 'node:events';
import { sendRaw } from '@morket/testing/raw-http';
import { describe, expect, test, vi } from 'vitest';
import { type LogLine, useTwoAdapters } from '../test/two-adapters.ts';

/** A caller who goes away cancels what runs for them, whichever way they asked. */
const { origins, waiting, takeLogs } = useTwoAdapters();

const query = (input: unknown) => `input=${encodeURIComponent(JSON.stringify(input))}`;
const json = { 'content-type': 'application/json' };
const inBatch = { 0: { name: 'one' }, 1: { name: 'two' } };

type Asked = readonly [
  string,
  { readonly address: string; readonly init?: RequestInit; readonly names: readonly string[] },
];
const ASKED: readonly Asked[] = [
  ['a query', { address: `wait?${query({ name: 'one' })}`, names: ['one'] }],
  [
    'a mutation',
    { address: 'waitToWrite', init: { method: 'POST', headers: json, body: '{"name":"one"}' }, names: ['one'] },
  ],
  ['a batch of queries', { address: `wait,wait?batch=1&${query(inBatch)}`, names: ['one', 'two'] }],
  [
    'a batch of mutations',
    {
      address: 'waitToWrite,waitToWrite?batch=1',
      init: { method: 'POST', headers: json, body: JSON.stringify(inBatch) },
      names: ['one', 'two'],
    },
  ],
  [
    'a streamed batch',
    {
      address: `wait,wait?batch=1&${query(inBatch)}`,
      init: { headers: { 'trpc-accept': 'application/jsonl' } },
      names: ['one', 'two'],
    },
  ],
];

const WARN = 40;

/** The names by which this happens, once it has happened to so many. */
function namesOf(event: 'started' | 'aborted', count: number): Promise<readonly string[]> {
  const names: string[] = [];
  return new Promise((resolve) => {
    const hear = (name: string) => {
      if (names.push(name) < count) return;
      waiting.off(event, hear);
      resolve(names.toSorted());
    };
    waiting.on(event, hear);
  });
}

async function requestLine(): Promise<LogLine | undefined> {
  const lines: LogLine[] = [];
  await vi.waitFor(() => {
    lines.push(...takeLogs().filter(({ path }) => path !== '/trpc/pong'));
    expect(lines.some(({ msg }) => msg === 'request')).toBe(true);
  });
  expect(lines.filter(({ level }) => Number(level) >= WARN)).toEqual([]);
  return lines.find(({ msg }) => msg === 'request');
}

describe.each(ASKED)('%s', (_, { address, init, names }) => {
  test('is cancelled with its caller, and logged as 499', async () => {
    takeLogs();
    const [started, aborted] = [namesOf('started', names.length), namesOf('aborted', names.length)];
    const caller = new AbortController();
    const answer = fetch(`${origins.ours}/trpc/${address}`, { ...init, signal: caller.signal }).then((given) =>
      given.text(),
    );
    expect(await started).toEqual(names);
    caller.abort();
    await expect(answer).rejects.toThrow('aborted');
    expect(await aborted).toEqual(names);
    // What the calls throw then is heard of before another request is served.
    await fetch(`${origins.ours}/trpc/pong`);
    expect(await requestLine()).toMatchObject({ statusCode: 499, path: `/trpc/${address.split('?')[0]}` });
  });
});

test('a subscription ends with its caller', async () => {
  const caller = new AbortController();
  const answer = await fetch(`${origins.ours}/trpc/listen?${query({ name: 'one' })}`, { signal: caller.signal });
  const parts = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('listening')) text += (await parts?.read())?.value ?? '';
  const ended = once(waiting, 'ended');
  caller.abort();
  expect(await ended).toEqual(['one']);
});

test('an answer that is sent aborts nothing', async () => {
  const onAborted = vi.fn();
  waiting.on('aborted', onAborted);
  takeLogs();
  const { port } = new URL(origins.ours);
  const { status } = await sendRaw(Number(port), 'GET /trpc/heed HTTP/1.1\nHost: x\nConnection: close\n\n');
  expect(status).toBe(200);
  expect(await requestLine()).toMatchObject({ statusCode: 200 });
  expect(onAborted).not.toHaveBeenCalled();
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createPoller } from './poller.ts';

const pace = { minMs: 25, maxMs: 100, afterFailureMs: 1_000 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function aPoller(outcome: () => boolean | Promise<boolean> = () => false) {
  const looks: number[] = [];
  const failures: unknown[] = [];
  const poller = createPoller({
    pace,
    look: async () => {
      looks.push(performance.now());
      return outcome();
    },
    onFailure: (err) => failures.push(err),
  });
  const startedAt = performance.now();
  return { poller, failures, looks: () => looks.map((at) => Math.round(at - startedAt)) };
}

test('it looks less and less often while there is nothing, and often while there is something', async () => {
  let isBusy = false;
  const { poller, looks } = aPoller(() => isBusy);
  poller.start();
  await vi.advanceTimersByTimeAsync(400);
  const idle = looks();
  const gaps = idle.slice(1).map((at, index) => at - (idle[index] ?? 0));
  expect(gaps).toEqual(gaps.toSorted((one, other) => one - other));
  expect(gaps.at(-1)).toBe(100);
  isBusy = true;
  await vi.advanceTimersByTimeAsync(300);
  expect(looks().length - idle.length).toBeGreaterThanOrEqual(8);
  poller.stop();
});

test('a call has it look soon, once for however many calls', async () => {
  const { poller, looks } = aPoller();
  poller.start();
  await vi.advanceTimersByTimeAsync(500);
  const before = looks().length;
  await vi.advanceTimersByTimeAsync(30);
  for (let n = 0; n < 5; n += 1) poller.soon();
  await vi.advanceTimersByTimeAsync(1);
  expect(looks()).toHaveLength(before + 1);
  poller.stop();
});

test('what is asked for during a look is looked for in another one', async () => {
  const gate = Promise.withResolvers<boolean>();
  const { poller, looks } = aPoller(() => gate.promise);
  poller.start();
  await vi.advanceTimersByTimeAsync(1);
  poller.soon();
  await vi.advanceTimersByTimeAsync(200);
  expect(looks()).toHaveLength(1);
  gate.resolve(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(looks()).toHaveLength(2);
  poller.stop();
});

test('after a failure it waits, and tells', async () => {
  const { poller, looks, failures } = aPoller(() => Promise.reject(new Error('away')));
  poller.start();
  await vi.advanceTimersByTimeAsync(999);
  expect(looks()).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2);
  expect(looks()).toHaveLength(2);
  expect(failures).toHaveLength(2);
  poller.stop();
});

test('one that is stopped looks no more, and can be started again', async () => {
  const { poller, looks } = aPoller();
  poller.start();
  await vi.advanceTimersByTimeAsync(10);
  poller.stop();
  poller.soon();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(looks()).toHaveLength(1);
  poller.start();
  await vi.advanceTimersByTimeAsync(10);
  expect(looks()).toHaveLength(2);
  poller.stop();
});

import { expect, test } from 'vitest';
import { keepBusy } from './keep-busy.ts';

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('as many calls are under way as asked for, and each is counted', async () => {
  let calls = 0;
  let underWay = 0;
  let most = 0;
  const call = async () => {
    calls += 1;
    underWay += 1;
    most = Math.max(most, underWay);
    await nextTurn();
    underWay -= 1;
  };
  const { count, seconds, p50Ms, p99Ms } = await keepBusy(call, { inFlight: 7, durationMs: 30 });
  expect(most).toBe(7);
  expect(underWay).toBe(0);
  expect(count).toBe(calls);
  expect(count).toBeGreaterThan(7);
  expect(seconds).toBeGreaterThanOrEqual(0.03);
  expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
});

test('a failure is reported, once nothing is under way any more', async () => {
  let underWay = 0;
  let calls = 0;
  const call = async () => {
    calls += 1;
    const mine = calls;
    underWay += 1;
    await nextTurn();
    underWay -= 1;
    if (mine === 5) throw new Error('refused');
  };
  await expect(keepBusy(call, { inFlight: 3, durationMs: 10_000 })).rejects.toThrow('refused');
  expect(underWay).toBe(0);
});

test('refusals are counted apart, and the load goes on', async () => {
  let calls = 0;
  let answered = 0;
  const busy = new Error('busy');
  const call = async () => {
    calls += 1;
    const mine = calls;
    await nextTurn();
    if (mine % 2 === 0) throw busy;
    answered += 1;
  };
  const { count, refused } = await keepBusy(call, { inFlight: 4, durationMs: 20 }, (err) => err === busy);
  expect(count).toBe(answered);
  expect(refused).toBe(calls - answered);
  expect(refused).toBeGreaterThan(1);
});

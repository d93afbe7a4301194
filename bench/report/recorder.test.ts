import { expect, test } from 'vitest';
import { createRecorder } from './recorder.ts';

function recorded() {
  const recorder = createRecorder('transport');
  const add = (name: string, round: number, perSecond: number, cpuMicrosPerCall: number | null) =>
    recorder.add({ name, round, perSecond, p50Ms: 1, p99Ms: round + 1, cpuMicrosPerCall });
  // The order within a round changes from round to round.
  add('a', 0, 10, 100);
  add('b', 0, 20, null);
  add('b', 1, 5, null);
  add('a', 1, 30, 50);
  return recorder;
}

test('series are ordered by round, whatever the order of measuring', () => {
  const { rates, ratesByCpu, p99s, bestRates } = recorded();
  expect(rates('a')).toEqual([10, 30]);
  expect(rates('b')).toEqual([20, 5]);
  expect(ratesByCpu('a')).toEqual([10_000, 20_000]);
  expect(p99s('b')).toEqual([1, 2]);
  expect(bestRates(['a', 'b'])).toEqual([20, 30]);
});

test('what was not measured is not a number rather than a good one', () => {
  expect(recorded().ratesByCpu('b')).toEqual([Number.NaN, Number.NaN]);
  expect(recorded().rates('c')).toEqual([]);
});

test('refusals of all rounds are one number', () => {
  const recorder = createRecorder('ledger');
  const one = { name: 'a', perSecond: 1, p50Ms: 1, p99Ms: 1, cpuMicrosPerCall: null };
  recorder.add({ ...one, round: 0, refused: 2 });
  recorder.add({ ...one, round: 1 });
  recorder.add({ ...one, round: 2, refused: 3 });
  expect(recorder.refused('a')).toBe(5);
  expect(recorder.refused('b')).toBe(0);
});

test('measurements carry their suite', () => {
  expect(recorded().measurements[0]).toMatchObject({ suite: 'transport', name: 'a', round: 0, perSecond: 10 });
});

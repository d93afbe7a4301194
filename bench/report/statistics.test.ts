import { describe, expect, test } from 'vitest';
import { bestOfRounds, median, percentile, ratioOfRounds, spreadOf } from './statistics.ts';

describe('median', () => {
  test.each([
    [[5], 5],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2.5],
    [[10, 9, 100], 10],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  test('nothing has none', () => {
    expect(() => median([])).toThrow('nothing');
  });

  test('leaves its input in order', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });
});

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  test.each([
    [0.5, 50],
    [0.99, 99],
    [0.991, 100],
    [1, 100],
    [0.001, 1],
  ])('%d of 1…100 is %d', (share, expected) => {
    expect(percentile(hundred, share)).toBe(expected);
  });

  test('numbers are sorted as numbers', () => {
    expect(percentile([9, 10, 100], 0.99)).toBe(100);
  });

  test('nothing has none', () => {
    expect(() => percentile([], 0.5)).toThrow('nothing');
  });
});

describe('rounds', () => {
  test('a ratio is taken within each round before the median', () => {
    // The second round ran on a machine ten times slower; the ratio of medians would be 40 / 20 = 2, by luck of the order.
    expect(ratioOfRounds([40, 4, 60], [10, 1, 20])).toEqual({ median: 4, min: 3, max: 4 });
  });

  test('a missing round is an error, not a silent NaN', () => {
    expect(() => ratioOfRounds([1, 2], [1])).toThrow('2 rounds against 1');
  });

  test('the best of a reference is chosen anew in each round', () => {
    const series = [
      [1, 9],
      [5, 2],
    ];
    expect(bestOfRounds(series)).toEqual([5, 9]);
    expect(bestOfRounds([])).toEqual([]);
  });

  test('a spread holds both ends', () => {
    expect(spreadOf([2, 3, 1])).toEqual({ median: 2, min: 1, max: 3 });
  });
});

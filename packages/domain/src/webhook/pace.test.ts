import { expect, test } from 'vitest';
import { createPace } from './pace.ts';

const slotsOf = (pace: ReturnType<typeof createPace>, endpointId: string) =>
  new Map(pace.slots().exceptions).get(endpointId) ?? pace.slots().usual;

test('an endpoint that is slow gets a quarter of the slots until it is fast again', () => {
  const pace = createPace(16);
  pace.note('slow', 50);
  expect(slotsOf(pace, 'slow')).toBe(16);
  for (let attempt = 0; attempt < 3; attempt += 1) pace.note('slow', 5_000);
  expect(slotsOf(pace, 'slow')).toBe(4);
  expect(slotsOf(pace, 'other')).toBe(16);
  for (let attempt = 0; attempt < 10; attempt += 1) pace.note('slow', 50);
  expect(pace.slots()).toEqual({ usual: 16, exceptions: [] });
});

test('one slow answer among fast ones changes nothing', () => {
  const pace = createPace(16);
  for (const durationMs of [20, 20, 2_000, 20]) {
    pace.note('steady', durationMs);
    expect(slotsOf(pace, 'steady')).toBe(16);
  }
});

test('there is always one slot', () => {
  const pace = createPace(2);
  pace.note('slow', 60_000);
  expect(slotsOf(pace, 'slow')).toBe(1);
});

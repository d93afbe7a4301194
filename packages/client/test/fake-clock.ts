import type { Clock } from '../src/index.ts';

/** A clock that stands still unless somebody sleeps or moves it; it keeps how long was slept. */
export function createFakeClock(random = 0) {
  let now = Date.UTC(2030, 0, 1);
  const slept: number[] = [];
  const clock: Clock = {
    now: () => now,
    random: () => random,
    sleep: async (ms) => {
      slept.push(ms);
      now += ms;
    },
  };
  return {
    clock,
    slept,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

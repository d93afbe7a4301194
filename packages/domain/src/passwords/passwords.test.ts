import { Unavailable } from '@morket/contract/errors';
import { afterAll, expect, test } from 'vitest';
import { createPasswords } from './passwords.ts';

const passwords = createPasswords({ rounds: 4, threads: 1 });
afterAll(() => passwords.close());

test('every one of 72 bytes counts', async () => {
  const own = `${'a'.repeat(71)}b`;
  const hash = await passwords.hash(own);
  expect(await passwords.verify(own, hash)).toBe(true);
  expect(await passwords.verify('a'.repeat(72), hash)).toBe(false);
});

test('a 73rd byte never matches, although bcrypt would not look at it', async () => {
  const own = 'a'.repeat(72);
  const hash = await passwords.hash(own);
  expect(await passwords.verify(`${own}b`, hash)).toBe(false);
  const emoji = '🦉'.repeat(18);
  expect(await passwords.verify(`${emoji}🦉`, await passwords.hash(emoji))).toBe(false);
});

test('a NUL ends no password early and starts none anew', async () => {
  const hash = await passwords.hash('correct horse');
  expect(await passwords.verify('correct horse\u0000', hash)).toBe(false);
  expect(await passwords.verify('correct horse\u0000correct horse', hash)).toBe(false);
});

test('an empty password matches nobody, whatever takes its place when one is too long', async () => {
  const hashOfNothing = await passwords.hash('');
  expect(await passwords.verify('a'.repeat(73), hashOfNothing)).toBe(false);
});

test('a hash that is none matches nothing and throws nothing', async () => {
  for (const stored of ['', 'plaintext', '$2b$04$short']) {
    expect(await passwords.verify('plaintext', stored)).toBe(false);
  }
});

test('a hash of a lower cost is outdated, one of this cost or a higher one is not', async () => {
  const stronger = createPasswords({ rounds: 5, threads: 1 });
  const [cost4, cost5] = [await passwords.hash('correct horse'), await stronger.hash('correct horse')];
  await stronger.close();
  expect(stronger.isOutdated(cost4)).toBe(true);
  expect(stronger.isOutdated(cost5)).toBe(false);
  expect(passwords.isOutdated(cost5)).toBe(false);
});

test('comparing with nobody’s hash takes as long as comparing with somebody’s', async () => {
  const slow = createPasswords({ rounds: 8, threads: 1 });
  const hash = await slow.hash('correct horse');
  const best = { somebody: Number.POSITIVE_INFINITY, nobody: Number.POSITIVE_INFINITY };
  for (let round = 0; round < 10; round += 1) {
    for (const [whose, stored] of [
      ['somebody', hash],
      ['nobody', null],
    ] as const) {
      const begun = performance.now();
      await slow.verify('wrong horse', stored);
      best[whose] = Math.min(best[whose], performance.now() - begun);
    }
  }
  await slow.close();
  // Skipping the comparison would take a hundredth of the time; the bounds leave room for a busy machine.
  expect(best.nobody / best.somebody).toBeGreaterThan(0.4);
  expect(best.nobody / best.somebody).toBeLessThan(2.5);
});

test('a full queue answers at once that it is full, and what waits is still served', async () => {
  const busy = createPasswords({ rounds: 6, threads: 1 });
  const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => busy.hash('correct horse')));
  await busy.close();
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(refused.length).toBeGreaterThan(50);
  expect(refused.every(({ reason }) => Unavailable.is(reason))).toBe(true);
  expect(outcomes.length - refused.length).toBeGreaterThanOrEqual(32);
});

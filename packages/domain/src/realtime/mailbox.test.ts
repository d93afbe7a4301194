import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createMailbox } from './mailbox.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the latest letter under a key is kept, at its own place', () => {
  const mailbox = createMailbox<string>(10);
  for (const letter of ['a1', 'b1', 'a2']) mailbox.put(letter.slice(0, 1), letter);
  expect(mailbox.take()).toEqual({ letters: ['b1', 'a2'], overflowed: false });
  expect(mailbox.take()).toEqual({ letters: [], overflowed: false });
});

test('one that is full loses everything, takes nothing more, and begins anew when it is emptied', () => {
  const mailbox = createMailbox<number>(2);
  for (const n of [1, 2, 3, 4]) mailbox.put(String(n), n);
  expect(mailbox.take()).toEqual({ letters: [], overflowed: true });
  mailbox.put('5', 5);
  expect(mailbox.take()).toEqual({ letters: [5], overflowed: false });
});

test('a wait ends with a letter, with a call, and with its time', async () => {
  const mailbox = createMailbox<number>(2);
  const waited = mailbox.wait(1_000);
  mailbox.put('1', 1);
  await waited;
  mailbox.wake();
  await mailbox.wait(1_000);
  const patient = mailbox.wait(1_000);
  await vi.advanceTimersByTimeAsync(1_000);
  await patient;
  expect(vi.getTimerCount()).toBe(0);
});

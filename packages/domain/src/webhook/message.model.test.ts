import { expect, test } from 'vitest';
import { messagesOf } from './message.model.ts';

const event = {
  name: 'billing.debited',
  version: 2,
  seq: 41n,
  workspaceId: '019aa2c4-0000-7000-8000-000000000002',
  aggregate: { type: 'billing_account', id: 'a1' },
  payload: { amount: -3, note: 'Grüße' },
  createdAt: new Date('2026-11-21T10:00:00.123Z'),
};

test('tells what happened, when, to what, and in which place', () => {
  const { full, thin } = messagesOf(event);
  const data = { workspaceId: event.workspaceId, aggregate: event.aggregate, version: 2, sequence: 41 };
  const head = { type: 'billing.debited', timestamp: '2026-11-21T10:00:00.123Z' };
  expect(JSON.parse(full)).toEqual({ ...head, data: { ...data, payload: event.payload } });
  expect(JSON.parse(thin)).toEqual({ ...head, data: { ...data, payload: null } });
});

test('a body stays below 20,000 bytes, counted in UTF-8: a larger one leaves the payload out', () => {
  const withNote = (length: number) => messagesOf({ ...event, payload: { note: 'ü'.repeat(length) } });
  const room = 20_000 - Buffer.byteLength(withNote(0).full);
  const fits = withNote(Math.ceil(room / 2) - 1);
  expect(JSON.parse(fits.full).data.payload).not.toBeNull();
  expect(Buffer.byteLength(fits.full)).toBeLessThan(20_000);
  const tooMuch = withNote(Math.ceil(room / 2));
  expect(tooMuch.full).toBe(tooMuch.thin);
});

import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent } from './define-event.ts';

const Renamed = defineEvent('test.renamed', {
  version: 2,
  aggregateType: 'thing',
  payload: z.object({ name: z.string() }),
  summary: 'A thing got another name.',
  example: { name: 'Grace' },
});

test('an event tells what happened to what', () => {
  expect(Renamed('thing-1', { name: 'Ada' })).toEqual({
    name: 'test.renamed',
    version: 2,
    aggregate: { type: 'thing', id: 'thing-1' },
    payload: { name: 'Ada' },
  });
});

test('a field nobody declared is never published', () => {
  const row = { name: 'Ada', passwordHash: '$2b$12$…' };
  expect(Renamed('thing-1', row).payload).toEqual({ name: 'Ada' });
});

test('a payload of the wrong shape is refused where it is made', () => {
  const wrong = { name: 7 } as unknown as { name: string }; // what a caller without types would hand over
  expect(() => Renamed('thing-1', wrong)).toThrow();
});

import { EVENTS } from '@morket/contract/catalogue';
import { defineEvent } from '@morket/contract/events';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { brokenEvents, publishedEvents } from './event-compatibility.ts';
import { ADVICE, readPublishedEvents } from './published-events.ts';

const before = z.object({
  name: z.string(),
  count: z.int(),
  email: z.string().nullable(),
  id: z.uuid(),
  state: z.enum(['open', 'won']),
  items: z.array(z.object({ sku: z.string() })),
});
const an = (payload: z.ZodObject, version = 1, aggregateType = 'deal') =>
  defineEvent('deal.moved', { version, aggregateType, payload, summary: 'A deal moved on.', example: {} });
const committed = publishedEvents([an(before)]);
const broken = (payload: z.ZodObject) => brokenEvents(committed, [an(payload)]);

test('no published event is broken: a field that was removed or changed its type needs a new version', async () => {
  const published = await readPublishedEvents();
  expect(Object.keys(published).length).toBeGreaterThan(0);
  expect(brokenEvents(published, EVENTS), ADVICE).toEqual([]);
});

test.each<[string, z.ZodObject]>([
  ['nothing', before],
  ['a field that is added', before.extend({ note: z.string() })],
  ['a list of values that grows', before.extend({ state: z.enum(['open', 'won', 'lost']) })],
  ['a null that no longer comes', before.extend({ email: z.string() })],
  [
    'a field that is added inside of a list',
    before.extend({ items: z.array(z.object({ sku: z.string(), n: z.int() })) }),
  ],
])('readers go on: %s', (_, after) => {
  expect(broken(after)).toEqual([]);
});

test.each<[string, z.ZodObject]>([
  ['name was removed', before.omit({ name: true })],
  ['name may be missing now', before.extend({ name: z.string().optional() })],
  ['count was integer and is string', before.extend({ count: z.string() })],
  ['count may be null now', before.extend({ count: z.int().nullable() })],
  ['email may be integer now', before.extend({ email: z.int().nullable() })],
  ['state lost "won"', before.extend({ state: z.enum(['open']) })],
  ['state was one of a list and is string', before.extend({ state: z.string() })],
  ['items[].sku was removed', before.extend({ items: z.array(z.object({})) })],
  ['items[].sku was string and is boolean', before.extend({ items: z.array(z.object({ sku: z.boolean() })) })],
  ['items[] may be null now', before.extend({ items: z.array(z.object({ sku: z.string() }).nullable()) })],
  ['id was string (uuid) and is string', before.extend({ id: z.string() })],
])('readers trip: %s', (what, after) => {
  expect(broken(after)).toEqual([`deal.moved: ${what}, which breaks readers of version 1`]);
});

test('a new version makes room for any change, and the old one may go', () => {
  const next = an(z.object({ total: z.int() }), 2);
  expect(brokenEvents(committed, [an(before), next])).toEqual([]);
  expect(brokenEvents(committed, [next])).toEqual([]);
});

test('an event that goes without a successor, or happens to something else, is missed', () => {
  expect(brokenEvents(committed, [])).toEqual(['deal.moved: version 1 is gone, and its readers wait for it']);
  expect(brokenEvents(committed, [an(before, 1, 'account')])).toEqual([
    'deal.moved: it happened to a deal and now happens to a account, which breaks readers of version 1',
  ]);
});

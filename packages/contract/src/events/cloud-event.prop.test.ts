import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CloudEvent, cloudEventType, fromCloudEvent, toCloudEvent } from './cloud-event.ts';
import type { StoredEvent } from './stored-event.ts';

const name = fc.constantFrom('billing.debited', 'workspace.member_added', 'forms.submissions.received');
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const id = fc.uuid();
const traceparent = fc.constant('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
const payload = fc
  .dictionary(
    fc.string().filter((key) => key !== '__proto__'),
    fc.jsonValue(),
  )
  // As it comes out of a jsonb column.
  .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>);

const event: fc.Arbitrary<StoredEvent> = fc.record({
  ...{ id, name, payload, seq: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }), version: fc.integer({ min: 1, max: 40 }) },
  aggregate: fc.record({ type: fc.constantFrom('billing_account', 'user'), id }),
  ...{ workspaceId: maybe(id), actorId: maybe(id), impersonatorId: maybe(id), apiKeyId: maybe(id) },
  ...{ requestId: maybe(id), causationId: maybe(id), traceparent: maybe(traceparent) },
  createdAt: fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }),
});

/** Invariant: telling an event loses nothing of it, also on its way through JSON, and is always a CloudEvent. */
test('an event comes back as it went', () =>
  fc.assert(
    fc.property(event, (given) => {
      const told = toCloudEvent(given);
      expect(CloudEvent.parse(told)).toEqual(told);
      expect(fromCloudEvent(JSON.parse(JSON.stringify(told)))).toEqual(given);
    }),
  ));

/** Invariant: attribute names follow the specification (1 to 20 letters and digits without capitals), and none is empty or null. */
test('attributes are named and filled as CloudEvents 1.0 asks', () =>
  fc.assert(
    fc.property(event, (given) => {
      for (const [attribute, value] of Object.entries(toCloudEvent(given))) {
        expect(attribute).toMatch(/^[a-z\d]{1,20}$/);
        if (attribute !== 'data') expect(value, attribute).toMatch(/./);
      }
    }),
  ));

/** Invariant: the sequence as text is in the order of the numbers. */
test('sequences compare as text', () =>
  fc.assert(
    fc.property(event, event, (one, other) => {
      const [a, b] = [toCloudEvent(one).sequence, toCloudEvent(other).sequence];
      expect(a < b).toBe(one.seq < other.seq);
    }),
  ));

test('a payload that breaks its readers is another type', () => {
  expect(cloudEventType({ name: 'billing.debited', version: 1 })).toBe('billing.debited');
  expect(cloudEventType({ name: 'billing.debited', version: 2 })).toBe('billing.debited.v2');
});

test.each([
  ['nothing', null],
  ['another version of the specification', { specversion: '0.3' }],
  ['somebody else', { source: 'https://example.com' }],
])('what is none of our events is refused: %s', (_, change) => {
  const aTold = toCloudEvent(fc.sample(event, { numRuns: 1, seed: 7 })[0] as StoredEvent); // one was asked for
  expect(() => fromCloudEvent(aTold)).not.toThrow();
  expect(() => fromCloudEvent(change && { ...aTold, ...change })).toThrow();
});

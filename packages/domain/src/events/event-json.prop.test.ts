import type { StoredEvent } from '@morket/contract/events';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromEventJson, toEventJson } from './event-json.ts';

const maybeId = fc.option(fc.uuid());
const event: fc.Arbitrary<StoredEvent> = fc.record({
  id: fc.uuid(),
  seq: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  workspaceId: maybeId,
  name: fc.constantFrom('billing.debited', 'auth.signed_in'),
  version: fc.integer({ min: 1, max: 9 }),
  aggregate: fc.record({ type: fc.constantFrom('user', 'session'), id: fc.string() }),
  payload: fc.dictionary(
    fc.string().filter((key) => key !== '__proto__'),
    fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown),
  ),
  ...{ actorId: maybeId, impersonatorId: maybeId, apiKeyId: maybeId, requestId: maybeId, causationId: maybeId },
  traceparent: fc.option(fc.string()),
  createdAt: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2200-01-01') }),
});

/** Invariant: an event that has been text is the same event: no number is rounded, no date moved, no field lost. */
test('an event survives the way through text', () => {
  fc.assert(
    fc.property(event, (given) => {
      const arrived = fromEventJson(JSON.parse(JSON.stringify(toEventJson(given))));
      expect({ ...arrived, payload: null }).toEqual({ ...given, payload: null });
      expect(JSON.stringify(arrived.payload)).toBe(JSON.stringify(given.payload));
    }),
    { numRuns: 200 },
  );
});

import { EVENTS } from '@morket/contract/catalogue';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anEvent } from '../../test/events/transport-contract.ts';
import { fromMessage, partsOf, sizeOf, toMessage, topicOf } from './message.ts';

const received = ({ headers, value }: ReturnType<typeof toMessage>) => ({
  headers: new Map(Object.entries(headers)),
  value,
});

const event = fc
  .record({
    definition: fc.constantFrom(...EVENTS),
    id: fc.uuid(),
    aggregateId: fc.uuid(),
    seq: fc.bigInt({ min: 1n, max: 2n ** 62n }),
    workspaceId: fc.option(fc.uuid()),
    text: fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
  })
  .map(({ definition: { eventName, version, aggregateType }, id, aggregateId, seq, workspaceId, text }) =>
    anEvent({
      ...{ id, seq, workspaceId, name: eventName, version, payload: { text } },
      aggregate: { type: aggregateType, id: aggregateId },
    }),
  );

/** Invariant: an event that went through headers, key and value comes out as it went in. */
test('a record holds all of its event', () =>
  fc.assert(
    fc.property(event, (given) => {
      expect(fromMessage(received(toMessage(given, 'morket')))).toEqual(given);
    }),
  ));

/** Invariant: two events share topic and key exactly when they share their aggregate, so that a partition keeps its order. */
test('the aggregate decides where a record goes', () =>
  fc.assert(
    fc.property(event, event, (one, other) => {
      const [a, b] = [toMessage(one, 'morket'), toMessage(other, 'morket')];
      const isSame = one.aggregate.type === other.aggregate.type && one.aggregate.id === other.aggregate.id;
      expect(a.topic === b.topic && a.key === b.key).toBe(isSame);
    }),
  ));

/** Invariant: parts hold everything once, in order, none empty, and none over the limit but what is over it alone. */
test('batches are cut by their bytes', () =>
  fc.assert(
    fc.property(fc.array(fc.nat(50)), fc.integer({ min: 1, max: 60 }), (sizes, limit) => {
      const parts = partsOf(sizes, (size) => size, limit);
      expect(parts.flat()).toEqual(sizes);
      for (const part of parts) {
        expect(part.length).toBeGreaterThan(0);
        const total = part.reduce((sum, size) => sum + size, 0);
        expect(part.length === 1 || total <= limit).toBe(true);
      }
    }),
  ));

test('headers are those of the binary mode of CloudEvents', () => {
  const given = anEvent({ seq: 7n, traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' });
  const { topic, key, value, headers, timestamp } = toMessage(given, 'crm');
  expect(topic).toBe('crm.billing_account');
  expect(key).toBe(given.aggregate.id);
  expect(JSON.parse(value)).toEqual(given.payload);
  expect(timestamp).toBe(BigInt(given.createdAt.getTime()));
  expect(headers).toEqual({
    'content-type': 'application/json',
    ce_specversion: '1.0',
    ce_id: given.id,
    ce_source: `urn:morket:workspace:${given.workspaceId}`,
    ce_type: 'billing.debited',
    ce_subject: `billing_account/${given.aggregate.id}`,
    ce_time: '2026-01-15T09:30:00.123Z',
    ce_dataschema: 'urn:morket:event:billing.debited:1',
    ce_partitionkey: given.aggregate.id,
    ce_sequence: '0000000000000000007',
    ce_traceparent: given.traceparent,
  });
});

test('topics have names that Kafka takes', () => {
  for (const { aggregateType } of EVENTS) expect(topicOf('morket', aggregateType)).toMatch(/^[\w.-]{1,249}$/);
});

test('a record is about as large as it is counted', () => {
  const small = sizeOf(toMessage(anEvent({ payload: {} }), 'morket'));
  expect(sizeOf(toMessage(anEvent({ payload: { text: 'ż'.repeat(1_000) } }), 'morket')) - small).toBeGreaterThan(2_000);
});

test.each([
  ['no headers', new Map<string, string>(), '{}'],
  ['no JSON', new Map(Object.entries(toMessage(anEvent(), 'morket').headers)), 'hello'],
  ['no payload', new Map(Object.entries(toMessage(anEvent(), 'morket').headers)), '7'],
])('what is no event of ours is refused: %s', (_, headers, value) => {
  expect(() => fromMessage({ headers, value })).toThrow();
});

import { InsufficientCredits } from '@morket/contract/billing';
import { type OtlpReceiver, startOtlpReceiver } from '@morket/testing/otlp-receiver';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTraces } from './otlp-traces.ts';
import { parseTraceparent } from './traceparent.ts';

let receiver: OtlpReceiver;
const failures: unknown[] = [];
beforeEach(async () => {
  receiver = await startOtlpReceiver();
  failures.length = 0;
});
afterEach(() => receiver.close());

const traces = (ratio = 1) =>
  createTraces({
    ...{
      endpoint: `${receiver.url}/`,
      headers: { 'x-team': 'crm' },
      serviceName: 'morket',
      ratio,
      flushIntervalMs: 10,
    },
    onFailure: (err) => void failures.push(err),
  });
const named = (name: string) => receiver.spans.find((span) => span.name === name);

const CALLER = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const UNSAMPLED = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';

test('spans nest under the caller by its traceparent, and under each other by where they run', async () => {
  const { span, close } = traces();
  const handedOn = await span('http.request billing.debit', CALLER, async (http) => {
    http.set({ 'morket.request_id': 'r-1', 'http.response.status_code': 200 });
    await span('db.transaction', null, async () => 1);
    return http.traceparent;
  });
  // Another process, later.
  await span('consumer.handle webhooks', handedOn, async () => 1);
  await close();

  const [http, transaction, consumer] = [
    'http.request billing.debit',
    'db.transaction',
    'consumer.handle webhooks',
  ].map(named);
  expect(new Set(receiver.spans.map(({ traceId }) => traceId))).toEqual(new Set([CALLER.split('-')[1]]));
  expect(http).toMatchObject({ parentSpanId: CALLER.split('-')[2], service: 'morket', failed: false });
  expect(http?.attributes).toMatchObject({ 'morket.request_id': 'r-1', 'http.response.status_code': 200 });
  expect(transaction?.parentSpanId).toBe(http?.spanId);
  expect(consumer?.parentSpanId).toBe(http?.spanId);
  expect(receiver.requests[0]).toMatchObject({ url: '/v1/traces', headers: { 'x-team': 'crm' } });
});

test('work that goes on at the same time keeps to its own span', async () => {
  const { span, close } = traces();
  const both = ['one', 'other'].map((which) =>
    span(`job.run ${which}`, null, async () => {
      await Promise.resolve();
      await span(`mail.send ${which}`, null, async () => 1);
    }),
  );
  await Promise.all(both);
  await close();
  for (const which of ['one', 'other']) {
    expect(named(`mail.send ${which}`)?.parentSpanId).toBe(named(`job.run ${which}`)?.spanId);
  }
});

test('what a caller left out of its sample is not recorded, and says so further on', async () => {
  const { span, close } = traces();
  const handedOn = await span('http.request', UNSAMPLED, async (mine) => mine.traceparent);
  await span('consumer.handle webhooks', handedOn, async () => 1);
  await close();
  expect(receiver.spans).toEqual([]);
  expect(parseTraceparent(handedOn)).toMatchObject({ traceId: UNSAMPLED.split('-')[1], isSampled: false });
});

test('of the traces that begin here the given part is recorded; those of others are recorded whatever the part', async () => {
  const { span, close } = traces(0);
  await span('http.request', null, async () => 1);
  await span('http.request', CALLER, async () => 1);
  await close();
  expect(receiver.spans.map(({ traceId }) => traceId)).toEqual([CALLER.split('-')[1]]);
});

test.each([
  '',
  'nonsense',
  CALLER.toUpperCase(),
  CALLER.replace('00-', 'ff-'),
  `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
])('a malformed traceparent is ignored: %s', async (parent) => {
  const { span, close } = traces();
  await span('http.request', parent, async () => 1);
  await close();
  expect(receiver.spans).toMatchObject([{ parentSpanId: null }]);
});

test('a failure goes on, and its span has its code but none of its words', async () => {
  const { span, close } = traces();
  const refused = InsufficientCredits({ required: 5, available: 1 });
  await expect(span('db.transaction', null, () => Promise.reject(refused))).rejects.toBe(refused);
  const secretive = new TypeError('ada@example.com typed hunter2');
  await expect(span('job.run', null, () => Promise.reject(secretive))).rejects.toBe(secretive);
  await close();
  expect(named('db.transaction')).toMatchObject({
    failed: true,
    attributes: { 'error.type': 'billing.insufficient_credits' },
  });
  expect(named('job.run')).toMatchObject({ failed: true, attributes: { 'error.type': 'TypeError' } });
  expect(JSON.stringify(receiver.spans)).not.toMatch(/ada@|hunter2/);
});

test('a receiver that refuses costs spans, nothing else, and is told', async () => {
  const { span, close } = traces();
  receiver.answerWith(400);
  expect(await span('job.run', null, async () => 'done')).toBe('done');
  await close();
  expect(failures.length).toBeGreaterThan(0);
});

import type { Db } from '@morket/db';
import { expect, test } from 'vitest';
import { NO_TELEMETRY } from './no-telemetry.ts';
import { startTelemetry } from './start-telemetry.ts';
import type { Span } from './telemetry.port.ts';
import { tracedDb } from './traced-db.ts';

test('where nothing is asked for, everything gets the one value that does nothing', async () => {
  const running = await startTelemetry({ metrics: false, traces: null, onReadFailure: () => undefined });
  expect(running.telemetry).toBe(NO_TELEMETRY);
  expect(running.expose).toBeNull();
  expect(running.telemetry.isOn).toBe(false);
});

test('without telemetry work runs as if nobody looked: the same span for all, the promise of the work itself', async () => {
  const spans: Span[] = [];
  const result = Promise.resolve(7);
  const work = (span: Span) => {
    spans.push(span);
    return result;
  };
  expect(NO_TELEMETRY.span('job.run', null, work)).toBe(result);
  expect(NO_TELEMETRY.span('job.run', 'anything', work)).toBe(result);
  expect(spans[0]).toBe(spans[1]);
  expect(spans[0]?.traceparent).toBeUndefined();
});

test('without telemetry a database is itself', () => {
  const db = { transaction: () => Promise.reject(new Error('not called')) } as unknown as Db; // only its identity matters
  expect(tracedDb(db, NO_TELEMETRY)).toBe(db);
});

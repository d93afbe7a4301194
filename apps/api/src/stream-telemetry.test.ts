import type { RealtimeService } from '@morket/domain/realtime';
import { NO_TELEMETRY, startTelemetry } from '@morket/domain/telemetry';
import { parseExposition } from '@morket/testing/exposition';
import { expect, test } from 'vitest';
import { observedStreams } from './stream-telemetry.ts';

type Subscribe = RealtimeService['subscribe'];

/** Says that it is ready, then waits for ever. */
const realtime: RealtimeService = {
  end: () => undefined,
  async *subscribe() {
    yield { id: '1', message: { kind: 'ready' } };
    await new Promise(() => undefined);
  },
};

test('streams count while somebody listens, and messages by their kind', async () => {
  const { telemetry, expose } = await startTelemetry({ metrics: true, traces: null, onReadFailure: () => undefined });
  const sampled = async (name: string) =>
    parseExposition((await expose?.())?.text ?? '').find((one) => one.name === name)?.value;
  const observed = observedStreams(realtime, telemetry);
  // Nothing of them is looked at by this service.
  const given = [{}, {}] as unknown as Parameters<Subscribe>;
  const [one, other] = [observed.subscribe(...given), observed.subscribe(...given)];
  expect(await sampled('morket_realtime_streams')).toBe(0);
  await Promise.all([one.next(), other.next()]);
  expect(await sampled('morket_realtime_streams')).toBe(2);
  expect(await sampled('morket_realtime_messages_total')).toBe(2);
  await one.return();
  expect(await sampled('morket_realtime_streams')).toBe(1);
});

test('without telemetry the service is itself', () => {
  expect(observedStreams(realtime, NO_TELEMETRY)).toBe(realtime);
});

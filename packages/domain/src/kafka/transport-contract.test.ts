import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { transportContract } from '../../test/events/transport-contract.ts';
import { createInProcessTransport, type EventLog } from '../events/index.ts';
import { createKafkaTransport } from './publisher.ts';
import type { KafkaSettings } from './settings.ts';
import { createKafkaSubscriber } from './subscriber.ts';

const SILENT: EventLog = { warn: () => undefined, error: () => undefined };
/** `host:port`, separated by commas: a real cluster that may be written to. */
const brokers = (process.env.KAFKA_TEST_BROKERS ?? '').split(',').filter(Boolean);

transportContract('within the process', async (deliver) => {
  const transport = createInProcessTransport(deliver);
  return { transport, close: transport.close };
});

if (brokers.length > 0) {
  transportContract('Kafka', async (deliver) => {
    const run = randomUUID().slice(0, 8);
    const settings: KafkaSettings = {
      ...{ brokers, topicPrefix: `morket-test-${run}`, groupId: `morket-test-${run}`, partitions: 3 },
      ...{ tls: false, credentials: null },
    };
    const subscriber = createKafkaSubscriber({
      settings,
      aggregateTypes: ['billing_account'],
      deliver,
      log: SILENT,
    }).start();
    const transport = createKafkaTransport(settings);
    return {
      transport,
      close: async () => {
        await transport.close();
        await subscriber.stop();
      },
    };
  });
} else {
  test('NOT RUN: the contract of transports on Kafka, because KAFKA_TEST_BROKERS names no broker', () => {
    process.stdout.write('The contract of transports was not run on Kafka: set KAFKA_TEST_BROKERS to run it there.\n');
    expect(process.env.KAFKA_TEST_BROKERS ?? '').toBe('');
  });
}

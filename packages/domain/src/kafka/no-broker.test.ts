import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { anEvent } from '../../test/events/transport-contract.ts';
import { EventRefused } from '../events/index.ts';
import { KafkaUnavailable, kafkaFailure } from './failure.ts';
import { createKafkaTransport } from './publisher.ts';
import type { KafkaSettings } from './settings.ts';
import { createKafkaSubscriber } from './subscriber.ts';

/** Of the relay: what takes longer is given up there. */
const RELAY_LIMIT_MS = 4_500;

const settingsFor = (broker: string): KafkaSettings => ({
  ...{ brokers: [broker], topicPrefix: 'morket', groupId: 'morket', partitions: 3, tls: false, credentials: null },
});

const unhandled: unknown[] = [];
const note = (err: unknown) => void unhandled.push(err);
beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
});
afterEach(() => {
  process.off('unhandledRejection', note);
  process.off('uncaughtException', note);
});

/** A port that takes connections and never says a word. */
async function aSilentPort(): Promise<{ readonly address: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on a port
  return {
    address: `127.0.0.1:${port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (err: unknown) => err,
  );
}

describe('where no broker answers', () => {
  test('publishing fails by name and in time, again and again, and the process is well', async () => {
    const transport = createKafkaTransport(settingsFor('127.0.0.1:1'));
    for (let round = 0; round < 2; round += 1) {
      const begun = performance.now();
      const err = await failureOf(transport.publish([anEvent()]));
      expect(err).toBeInstanceOf(KafkaUnavailable);
      expect(err).toMatchObject({ trouble: 'unreachable' });
      expect(performance.now() - begun).toBeLessThan(RELAY_LIMIT_MS);
    }
    await transport.close();
    expect(unhandled).toEqual([]);
  });

  test('a peer that says nothing is given up in time', async () => {
    const silent = await aSilentPort();
    const transport = createKafkaTransport(settingsFor(silent.address));
    const begun = performance.now();
    expect(await failureOf(transport.publish([anEvent()]))).toMatchObject({
      name: 'KafkaUnavailable',
      trouble: 'timeout',
    });
    expect(performance.now() - begun).toBeLessThan(RELAY_LIMIT_MS);
    await transport.close();
    await silent.close();
    expect(unhandled).toEqual([]);
  });

  test('a subscription is tried again, tells so, and stops when it is told to', async () => {
    const warn = vi.fn();
    const deliver = vi.fn(async () => undefined);
    const subscriber = createKafkaSubscriber({
      ...{ settings: settingsFor('127.0.0.1:1'), aggregateTypes: ['user'], deliver },
      log: { warn, error: () => undefined },
    }).start();
    await vi.waitFor(
      () =>
        expect(warn).toHaveBeenCalledWith(
          { err: expect.objectContaining({ name: 'KafkaUnavailable', trouble: 'unreachable' }), failures: 2 },
          expect.any(String),
        ),
      {
        timeout: 20_000,
      },
    );
    const begun = performance.now();
    await subscriber.stop();
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(deliver).not.toHaveBeenCalled();
    expect(unhandled).toEqual([]);
  });
});

test('an event that no broker would take is refused before anything is sent', async () => {
  const transport = createKafkaTransport(settingsFor('127.0.0.1:1'));
  const huge = anEvent({ payload: { text: 'x'.repeat(1_000_000) } });
  expect(await failureOf(transport.publish([anEvent(), huge]))).toBeInstanceOf(EventRefused);
  await transport.close();
});

test.each([
  [
    { code: 'PLT_KFK_MULTIPLE', errors: [{ code: 'PLT_KFK_PROTOCOL', apiId: 'MESSAGE_TOO_LARGE' }] },
    EventRefused,
    undefined,
  ],
  [{ code: 'PLT_KFK_AUTHENTICATION', cause: { code: 'PLT_KFK_NETWORK' } }, KafkaUnavailable, 'credentials'],
  [{ code: 'PLT_KFK_PROTOCOL', apiId: 'TOPIC_AUTHORIZATION_FAILED' }, KafkaUnavailable, 'credentials'],
  [{ code: 'PLT_KFK_NETWORK', cause: { code: 'ECONNREFUSED' } }, KafkaUnavailable, 'unreachable'],
  [{ code: 'PLT_KFK_TIMEOUT' }, KafkaUnavailable, 'timeout'],
  [{ code: 'PLT_KFK_PROTOCOL', apiId: 'NOT_ENOUGH_REPLICAS' }, KafkaUnavailable, 'refused'],
  [new Error('anything else'), KafkaUnavailable, 'refused'],
])('a failure of the library in our words: %#', (given, type, trouble) => {
  const err = kafkaFailure(given);
  expect(err).toBeInstanceOf(type);
  expect((err as { trouble?: string }).trouble).toBe(trouble);
  expect(err.cause).toBe(given);
});

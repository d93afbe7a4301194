import { randomUUID } from 'node:crypto';
import type { StoredEvent } from '@morket/contract/events';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { EventTransport } from '../../src/events/index.ts';

type Deliver = (events: readonly StoredEvent[]) => Promise<void>;

/** A transport together with whatever brings its events to `deliver`. */
export type OpenTransport = (deliver: Deliver) => Promise<{
  readonly transport: EventTransport;
  close(): Promise<void>;
}>;

const ARRIVAL = { timeout: 30_000 };
let clock = 0n;

export const anEvent = (overrides: Partial<StoredEvent> = {}): StoredEvent => {
  clock += 1n;
  return {
    ...{ id: randomUUID(), seq: clock, workspaceId: randomUUID(), name: 'billing.debited', version: 1 },
    ...{ aggregate: { type: 'billing_account', id: randomUUID() }, payload: { amount: -1 } },
    ...{ actorId: null, impersonatorId: null, apiKeyId: null, requestId: null, traceparent: null, causationId: null },
    createdAt: new Date('2026-01-15T09:30:00.123Z'),
    ...overrides,
  };
};

/** Publishes as the relay does: what is not taken comes again. */
async function publish(transport: EventTransport, events: readonly StoredEvent[]): Promise<void> {
  await vi.waitFor(() => transport.publish(events), ARRIVAL);
}

/** What every transport owes the relay and the consumers. */
export function transportContract(name: string, open: OpenTransport): void {
  describe(`the contract of transports: ${name}`, { timeout: 120_000 }, () => {
    const arrived: StoredEvent[] = [];
    const refusedOnce = new Set<string>();
    let opened: Awaited<ReturnType<OpenTransport>>;
    beforeAll(async () => {
      opened = await open(async (events) => {
        const refused = events.find(({ id }) => refusedOnce.delete(id));
        if (refused) throw new Error('not this time');
        arrived.push(...events);
      });
    });
    afterAll(() => opened.close());
    const arrivedOf = (ids: ReadonlySet<string>) => arrived.filter(({ id }) => ids.has(id));

    test('an event arrives as it went: large numbers, dates, nulls, texts of all scripts', async () => {
      const event = anEvent({
        ...{ seq: 2n ** 62n + 1n, version: 3, workspaceId: null, actorId: randomUUID(), requestId: randomUUID() },
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        payload: {
          text: 'Żółć 漢字 🙂 "quoted" \n',
          none: null,
          deep: { list: [1, { yes: true }] },
          most: 2 ** 53 - 1,
        },
      });
      await publish(opened.transport, [event]);
      await vi.waitFor(() => expect(arrivedOf(new Set([event.id]))[0]).toEqual(event), ARRIVAL);
    });

    test('the events of an aggregate arrive in their order, whatever goes on beside it', async () => {
      const aggregates = Array.from({ length: 12 }, () => ({ type: 'billing_account', id: randomUUID() }));
      const events = Array.from({ length: 600 }, (_, at) =>
        anEvent({ aggregate: aggregates[(at * 7) % 12] ?? { type: 'user', id: 'none' } }),
      );
      for (let from = 0; from < events.length; from += 100)
        await publish(opened.transport, events.slice(from, from + 100));
      const ids = new Set(events.map(({ id }) => id));
      await vi.waitFor(() => expect(new Set(arrivedOf(ids).map(({ id }) => id)).size).toBe(events.length), ARRIVAL);
      for (const { id } of aggregates) {
        const first = new Map(
          arrivedOf(ids)
            .filter(({ aggregate }) => aggregate.id === id)
            .map((event) => [event.id, event.seq]),
        );
        const seqs = [...first.values()];
        expect(seqs).toEqual(seqs.toSorted((a, b) => Number(a - b)));
      }
    });

    test('what could not be delivered comes again, until it can', async () => {
      const event = anEvent();
      refusedOnce.add(event.id);
      await publish(opened.transport, [event]);
      await vi.waitFor(() => expect(arrivedOf(new Set([event.id]))).toHaveLength(1), ARRIVAL);
    });

    test('what is published twice keeps its id, by which those who know it pass it over', async () => {
      const event = anEvent();
      await publish(opened.transport, [event]);
      await publish(opened.transport, [event]);
      await vi.waitFor(() => expect(arrivedOf(new Set([event.id]))).toHaveLength(2), ARRIVAL);
    });
  });
}

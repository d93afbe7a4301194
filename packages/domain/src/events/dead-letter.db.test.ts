import { randomUUID } from 'node:crypto';
import type { StoredEvent } from '@morket/contract/events';
import { DeadLetterNotFound } from '@morket/contract/events';
import { aTenant, type Tenant, useWorld } from '@morket/testing';
import { aDeadLetter } from '@morket/testing/dead-letters';
import { beforeEach, expect, test } from 'vitest';
import { createRetries } from './retries.ts';

const world = useWorld();
let tenant: Tenant;
beforeEach(async () => {
  tenant = await aTenant(world);
});

const page = { page: 1, limit: 20 };
const rows = (consumer: string) =>
  world.db.read.deadLetter.findMany({ where: { workspaceId: tenant.id, consumer }, orderBy: { seq: 'asc' } });

test('a workspace sees what consumers could not take of its own events, and of nobody else’s', async () => {
  const { eventId, behindId } = await aDeadLetter(world, tenant);
  await aDeadLetter(world, await aTenant(world));
  const { items, total } = await world.services.deadLetters.list(tenant.scope, page);
  expect(total).toBe(2);
  expect(items.map((item) => [item.eventId, item.state])).toEqual(
    expect.arrayContaining([
      [eventId, 'dead'],
      [behindId, 'waiting'],
    ]),
  );
});

test('the list is that of one consumer when it is named, and turns its pages', async () => {
  for (const consumer of ['first', 'second', 'second']) await aDeadLetter(world, tenant, { consumer });
  const { deadLetters } = world.services;
  expect(await deadLetters.list(tenant.scope, { ...page, consumer: 'second' })).toMatchObject({ total: 4 });
  const seen = new Set<string>();
  for (const number of [1, 2, 3]) {
    const { items } = await deadLetters.list(tenant.scope, { page: number, limit: 2 });
    for (const { eventId } of items) seen.add(eventId);
  }
  expect(seen.size).toBe(6);
});

test('a failure of the catalogue is told, any other is not', async () => {
  await aDeadLetter(world, tenant, { error: 'billing.insufficient_credits: This needs 5 credits.' });
  await aDeadLetter(world, tenant, { error: 'PrismaClientKnownRequestError: select password_hash from users' });
  const { items } = await world.services.deadLetters.list(tenant.scope, page);
  expect(
    items
      .map(({ error }) => error)
      .filter((error) => error !== null)
      .sort(),
  ).toEqual(['billing.insufficient_credits: This needs 5 credits.', 'server.internal: Something failed on our side.']);
});

test('asked to, the consumer takes the events of the aggregate up again, in order', async () => {
  const { consumer, eventId, behindId } = await aDeadLetter(world, tenant, { consumer: 'mended' });
  const event = (id: string, seq: string): object => ({
    ...{ id, seq, workspaceId: tenant.id, name: 'thing.happened', version: 1, aggregateType: 'thing' },
    ...{ payload: {}, actorId: null, impersonatorId: null, apiKeyId: null, requestId: null, traceparent: null },
    ...{ causationId: null, createdAt: new Date().toISOString() },
  });
  const [{ aggregateId } = { aggregateId: '' }] = await rows(consumer);
  for (const [id, seq] of [
    [eventId, '1'],
    [behindId, '2'],
  ] as const) {
    await world.db.read.deadLetter.updateMany({
      where: { consumer, eventId: id },
      data: { event: { ...event(id, seq), aggregateId } },
    });
  }
  const taken: string[] = [];
  const handle = async (_tx: unknown, { id }: StoredEvent) => void taken.push(id);
  const log = { warn: () => undefined, error: () => undefined };
  const retries = createRetries({ db: world.db, log, consumers: [{ name: 'mended', events: 'all', handle }] });
  await retries.drain();
  expect(taken).toEqual([]);

  expect(await world.services.deadLetters.retry(tenant.scope, { consumer, eventId: behindId })).toEqual({ events: 2 });
  await retries.drain();
  expect(taken).toEqual([eventId, behindId]);
  expect(await rows(consumer)).toEqual([]);
});

test.each(['of nobody', 'of another workspace', 'of another consumer'])(
  'a dead letter %s is not found',
  async (whose) => {
    const other = await aTenant(world);
    const mine = await aDeadLetter(world, whose === 'of another workspace' ? other : tenant);
    const wanted = {
      consumer: whose === 'of another consumer' ? 'another' : mine.consumer,
      eventId: whose === 'of nobody' ? randomUUID() : mine.eventId,
    };
    const failure = await world.services.deadLetters.retry(tenant.scope, wanted).catch((err: unknown) => err);
    expect(DeadLetterNotFound.is(failure)).toBe(true);
  },
);

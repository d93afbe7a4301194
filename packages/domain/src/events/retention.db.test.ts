import { afterEach, expect, test } from 'vitest';
import { inTurn, someAggregates, useEventLab } from '../../test/event-lab.ts';
import { readConsumerLag, readLag, readPartitionLag } from './lag.ts';
import { keepOutbox } from './retention.ts';

const lab = useEventLab();
afterEach(() => lab.clear());

const DAY_SECONDS = 86_400;
const keep = { retentionSeconds: 30 * DAY_SECONDS };

const dayTables = async () =>
  (
    await lab.db.read.$queryRaw<{ name: string }[]>`
      select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'outbox'::regclass order by 1`
  ).map(({ name }) => name);

const nameOf = (daysAgo: number) =>
  `d${new Date(Date.now() - daysAgo * DAY_SECONDS * 1_000).toISOString().slice(0, 10).replaceAll('-', '')}`;

/** The table of a day that is over, which the function of the migration would not make any more. */
async function aPastDay(daysAgo: number): Promise<void> {
  await lab.db.transaction(async (tx) => {
    await tx.$executeRaw`
      create or replace function past_day(ago int) returns void language plpgsql as $f$
      declare day date := (now() at time zone 'UTC')::date - ago;
      begin
        execute format('create table outbox_days.%I partition of outbox for values from (%L) to (%L)', 'd' || to_char(day, 'YYYYMMDD'),
                       to_char(day, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(day + 1, 'YYYY-MM-DD') || ' 00:00:00+00');
      end $f$`;
    await tx.$queryRaw`select past_day(${daysAgo}::int)::text`;
  });
}

const write = async (daysAgo: number, isPublished: boolean) => {
  await lab.db.read.$executeRaw`
    insert into outbox (id, partition, name, version, aggregate_type, aggregate_id, payload, created_at, published_at)
    values (gen_random_uuid(), 1, 'thing.happened', 1, 'thing', 'x', '{}', now() - ${daysAgo}::int * interval '1 day',
            case when ${isPublished} then now() end)`;
};

test('days whose retention is over are dropped, but not while something in them waits or is parked', async () => {
  for (const daysAgo of [29, 30, 32, 33, 40]) await aPastDay(daysAgo);
  await write(29, true);
  await write(32, true);
  await write(33, false);
  const { daysDropped } = await keepOutbox(lab.db, keep);
  expect(daysDropped).toBe(2);
  const left = await dayTables();
  expect(left).toEqual(expect.arrayContaining([nameOf(29), nameOf(30), nameOf(33)]));
  expect(left).not.toContain(nameOf(32));
  expect(left).not.toContain(nameOf(40));
  await lab.db.read.$executeRaw`update outbox set published_at = now()`;
  expect((await keepOutbox(lab.db, keep)).daysDropped).toBe(1);
  expect(await dayTables()).not.toContain(nameOf(33));
});

test('the days to come have their tables', async () => {
  const tomorrow = nameOf(-1);
  await lab.db.read.$executeRaw`do $$ begin
    execute 'drop table outbox_days.' || quote_ident('d' || to_char((now() at time zone 'UTC')::date + 1, 'YYYYMMDD')); end $$`;
  expect(await dayTables()).not.toContain(tomorrow);
  await keepOutbox(lab.db, keep);
  expect(await dayTables()).toContain(tomorrow);
});

test('what stands in no day of its own goes row by row, when it is delivered', async () => {
  await write(50, true);
  await write(51, false);
  await write(10, true);
  expect((await keepOutbox(lab.db, keep)).restDeleted).toBe(1);
  expect(await lab.db.read.outboxEvent.count()).toBe(2);
});

test('what was processed is forgotten a day after its event', async () => {
  await lab.db.read.$executeRaw`
    insert into processed_events (consumer, event_id, processed_at)
    select 'x', gen_random_uuid(), now() - ago * interval '1 day' from unnest(array[1, 29, 30, 32, 60]) ago`;
  expect((await keepOutbox(lab.db, keep)).processedDeleted).toBe(2);
  expect(await lab.db.read.processedEvent.count()).toBe(3);
});

test('a writer that holds the outbox is not kept waiting: the day is made another time', async () => {
  await lab.db.read.$executeRaw`do $$ begin
    execute 'drop table outbox_days.' || quote_ident('d' || to_char((now() at time zone 'UTC')::date + 2, 'YYYYMMDD')); end $$`;
  await lab.db.transaction(async (tx) => {
    await lab.write(inTurn(someAggregates(1), 1), tx);
    await keepOutbox(lab.db, keep);
    expect(await dayTables()).not.toContain(nameOf(-2));
  });
  await keepOutbox(lab.db, keep);
  expect(await dayTables()).toContain(nameOf(-2));
});

test('how far delivery is behind can be read', async () => {
  expect(await readLag(lab.db.read)).toEqual({ waiting: 0, oldestSeconds: 0, parked: 0 });
  await lab.write(inTurn(someAggregates(2), 3));
  await write(2, false);
  await lab.db.read.$executeRaw`update outbox set parked_at = now() where payload->>'n' = '3'`;
  await lab.db.read.$executeRaw`
    insert into dead_letters (consumer, event_id, aggregate_type, aggregate_id, seq, name, event, attempts, error)
    values ('a', gen_random_uuid(), 't', 'x', 1, 'n', '{}', 6, 'Error: x'), ('a', gen_random_uuid(), 't', 'x', 2, 'n', '{}', 0, null),
           ('b', gen_random_uuid(), 't', 'x', 2, 'n', '{}', 0, null)`;
  const lag = await readLag(lab.db.read);
  expect(lag).toEqual({ waiting: 5, oldestSeconds: expect.any(Number), parked: 2 });
  expect(lag.oldestSeconds).toBeGreaterThan(172_000);
  expect(lag.oldestSeconds).toBeLessThan(173_800);
  const partitions = await readPartitionLag(lab.db.read);
  expect(partitions.reduce((sum, { waiting }) => sum + waiting, 0)).toBe(5);
  expect(partitions.reduce((sum, { parked }) => sum + parked, 0)).toBe(2);
  expect(await readConsumerLag(lab.db.read)).toEqual([
    { consumer: 'a', deadLetters: 1, queued: 1 },
    { consumer: 'b', deadLetters: 0, queued: 1 },
  ]);
});

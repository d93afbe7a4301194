import type { Reader } from '@morket/db';

/** How far delivery is behind. */
export type EventLag = {
  /** Events that no transport has taken yet, and the age of the oldest. */
  readonly waiting: number;
  readonly oldestSeconds: number;
  /** Events that the transport does not take, and those behind them. */
  readonly parked: number;
};

/** Costs as much as there is waiting. */
export async function readLag(reader: Reader): Promise<EventLag> {
  const [row] = await reader.$queryRaw<EventLag[]>`
    select w.waiting, w."oldestSeconds", p.parked
      from (select count(*)::int as waiting,
                   coalesce(greatest(0, extract(epoch from clock_timestamp() - min(created_at))), 0)::float8 as "oldestSeconds"
              from outbox where published_at is null and parked_at is null) w,
           (select count(*)::int as parked from outbox where published_at is null and parked_at is not null) p`;
  if (!row) throw new Error('Counts make one row.');
  return row;
}

/** What waits in one queue of the outbox. */
export type PartitionLag = {
  readonly partition: number;
  readonly waiting: number;
  readonly parked: number;
  readonly oldestSeconds: number;
};

/** The queues in which anything waits or is parked. */
export function readPartitionLag(reader: Reader): Promise<PartitionLag[]> {
  return reader.$queryRaw<PartitionLag[]>`
    select partition, sum(waiting)::int as waiting, sum(parked)::int as parked,
           greatest(0, extract(epoch from clock_timestamp() - min(oldest)))::float8 as "oldestSeconds"
      from (select partition, count(*) as waiting, 0 as parked, min(created_at) as oldest
              from outbox where published_at is null and parked_at is null group by partition
            union all
            select partition, 0, count(*), min(created_at)
              from outbox where published_at is null and parked_at is not null group by partition) kinds
     group by partition order by partition`;
}

/** What stands in the queue of one consumer: what it gave up, and what it still has before it or what waits behind a dead letter. */
export type ConsumerLag = { readonly consumer: string; readonly deadLetters: number; readonly queued: number };

/** Costs as much as there is in all the queues, which a replay makes long. */
export function readConsumerLag(reader: Reader): Promise<ConsumerLag[]> {
  return reader.$queryRaw<ConsumerLag[]>`
    select consumer, count(*) filter (where error is not null and retry_at is null)::int as "deadLetters",
           count(*) filter (where error is null or retry_at is not null)::int as queued
      from dead_letters group by consumer order by consumer`;
}

import type { Db } from '@morket/db';
import { parkedPartitions, release } from './outbox.repo.ts';

/** Has what is parked in the outbox tried again, of one aggregate or of all; gives the number of events that wait from now on. */
export async function releaseParked(db: Db, aggregateId: string | null): Promise<number> {
  let total = 0;
  for (const partition of await parkedPartitions(db.points, aggregateId)) {
    // no record: an order of the operator's, which changes nothing by itself.
    total += await db.pointTransaction((tx) => release(tx, partition, aggregateId));
  }
  return total;
}

/** Has a consumer take up again what it gave up, in all workspaces and outside of them; gives the number of dead letters. */
export function retryConsumer(db: Db, consumer: string): Promise<number> {
  return db.read.$executeRaw`
    update dead_letters set attempts = 0, retry_at = clock_timestamp()
     where consumer = ${consumer} and error is not null and retry_at is null`;
}

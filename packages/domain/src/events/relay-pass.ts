import type { Db, PointTx } from '@morket/db';
import { failureText } from './failure-text.ts';
import { briefOf, type EventLog, type EventObserver } from './observer.ts';
import * as repo from './outbox.repo.ts';
import { publishBatch } from './publishing.ts';
import type { EventTransport } from './transport.ts';

type Deps = {
  readonly db: Db;
  readonly transport: EventTransport;
  readonly log: EventLog;
  readonly observer: EventObserver;
  readonly batchSize: number;
  readonly publishTimeoutMs: number;
};

/** What one batch came to, by queues. */
export type Pass = {
  readonly published: number;
  readonly held: readonly number[];
  /** Queues with an event that did not get through. */
  readonly failed: readonly number[];
  /** Queues that may hold more. */
  readonly unfinished: readonly number[];
};

const NOTHING: Pass = { published: 0, held: [], failed: [], unfinished: [] };
/** From each queue at least, however many share a batch. */
const LEAST = 25;

/**
 * Publishes the next events of some queues as one batch, under the locks of the queues: claim, publish, mark, in one transaction. Where it ends
 * between publish and mark, the batch comes again.
 */
export function createRelayPass({ db, transport, log, observer, batchSize, publishTimeoutMs }: Deps) {
  async function noteRefusal(tx: PointTx, claimed: repo.Claimed, err: unknown): Promise<void> {
    const { event } = claimed;
    await repo.noteFailure(tx, event, failureText(err));
    await repo.park(tx, [claimed]);
    log.error(
      { err, ...briefOf(event) },
      'an event cannot be published: it and the later ones of its aggregate are parked',
    );
    observer.parked(event);
  }

  async function noteFailure(tx: PointTx, { event, attempts }: repo.Claimed, err: unknown): Promise<void> {
    await repo.noteFailure(tx, event, failureText(err));
    log.warn({ err, ...briefOf(event), tries: attempts + 1 }, 'an event could not be published');
  }

  return async function pass(partitions: readonly number[]): Promise<Pass> {
    return db.pointTransaction(async (tx) => {
      const held = await repo.tryHold(tx, partitions);
      if (held.length === 0) return NOTHING;
      const limit = Math.min(batchSize, Math.max(LEAST, Math.ceil(batchSize / held.length)));
      const claimed = await repo.claim(tx, held, limit);
      const behind = claimed.filter(({ isBehind }) => isBehind);
      if (behind.length > 0) await repo.park(tx, behind);
      const counts = Map.groupBy(claimed, ({ partition }) => partition);
      const full = held.filter((partition) => counts.get(partition)?.length === limit);
      const ready = new Map(claimed.filter(({ isBehind }) => !isBehind).map((one) => [one.event, one]));
      if (ready.size === 0) return { published: 0, held, failed: [], unfinished: full };

      const options = { transport, timeoutMs: publishTimeoutMs };
      const { taken, refused, failed } = await publishBatch([...ready.keys()], options);
      if (taken.length > 0) await repo.mark(tx, taken);
      const failing = new Set<number>();
      const freed = new Set<number>();
      for (const { event, err } of failed) {
        const one = ready.get(event);
        if (!one) continue;
        failing.add(one.partition);
        await noteFailure(tx, one, err);
      }
      for (const { event, err } of refused) {
        const one = ready.get(event);
        if (!one) continue;
        // What is parked holds nothing up any more.
        freed.add(one.partition);
        await noteRefusal(tx, one, err);
      }
      if (taken.length > 0) observer.published(taken);
      return {
        published: taken.length,
        held,
        failed: [...failing],
        unfinished: [...new Set([...full, ...freed])],
      };
    });
  };
}

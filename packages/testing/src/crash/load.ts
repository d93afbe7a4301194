import { setTimeout as delay } from 'node:timers/promises';
import type { Claim } from '../ledger-claims.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { Order } from './order.ts';
import { createOrderBook } from './order-book.ts';
import type { CrashService } from './service.ts';

/** An order that has its final answer: what this process remembers, which nobody kills. */
export type Settled = Claim & {
  readonly order: Order;
  /** Tries that failed before the answer came. */
  readonly failedTries: number;
  /** It took effect in a try whose answer was lost. */
  readonly answerWasLost: boolean;
};

export type Load = {
  readonly settled: readonly Settled[];
  /** Resolves when so many orders have been answered. Rejects when a writer failed, or nothing came through for half a minute. */
  reached(count: number): Promise<void>;
  /** From now on tries that began before this moment and fail are counted; gives the counter. */
  markKill(): { readonly interrupted: () => number };
  /** Lets every writer finish its order. */
  stop(): Promise<void>;
  /** Ends every writer with its next failure, whatever becomes of its order: for a service that is not coming back. */
  abandon(): void;
};

type Options = {
  readonly service: CrashService;
  readonly random: SeededRandom;
  readonly workspaceIds: readonly [string, ...string[]];
  readonly inFlight: number;
};

const STUCK_AFTER_MS = 30_000;

/** Writers that each send one order after the other, and try again under the same key until they have an answer. */
export function startLoad({ service, random, workspaceIds, inFlight }: Options): Load {
  const settled: Settled[] = [];
  const book = createOrderBook(random, workspaceIds);
  let stopping = false;
  let abandoned = false;
  let kill = { at: 0, interrupted: 0 };
  let lastProgress = Date.now();
  let failure: unknown = null;

  async function settle(order: Order): Promise<void> {
    let firstFailure: number | null = null;
    for (let failedTries = 0; ; failedTries += 1) {
      const begun = performance.now();
      const heard = await service.send(order);
      if ('told' in heard) {
        const { workspaceId, description, key } = order;
        const answerWasLost = firstFailure !== null && heard.at !== null && heard.at.getTime() <= firstFailure;
        settled.push({ workspaceId, description, key, told: heard.told, order, failedTries, answerWasLost });
        book.take(order, heard.told);
        lastProgress = Date.now();
        return;
      }
      if (abandoned) return;
      firstFailure ??= Date.now();
      if (begun < kill.at) kill.interrupted += 1;
      if (Date.now() - lastProgress > STUCK_AFTER_MS)
        throw new Error(['Nothing comes through:', heard.failed, ...service.complaints()].join('\n'));
      await delay(random.integer(5, 40));
    }
  }

  const writers = Array.from({ length: inFlight }, async () => {
    while (!stopping) await settle(book.next());
  });
  const finished = Promise.all(writers).catch((err: unknown) => {
    failure = err;
    stopping = true;
  });

  async function reached(count: number): Promise<void> {
    while (settled.length < count) {
      if (failure !== null) throw failure;
      await delay(2);
    }
  }

  return {
    settled,
    reached,
    markKill: () => {
      const mine = { at: performance.now(), interrupted: 0 };
      kill = mine;
      return { interrupted: () => mine.interrupted };
    },
    stop: async () => {
      stopping = true;
      await finished;
      if (failure !== null) throw failure;
    },
    abandon: () => {
      [stopping, abandoned] = [true, true];
    },
  };
}

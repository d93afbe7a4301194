import { randomInt } from 'node:crypto';
import type { Db } from '@morket/db';
import { newId } from '../ids/index.ts';
import type { SafeFetch } from '../safe-fetch/index.ts';
import type { KeyRing } from '../secrets/index.ts';
import { attempt, type Receiver } from './attempt.ts';
import {
  type Claim,
  type ClaimedDelivery,
  type Cursor,
  claimDeliveries,
  releaseDeliveries,
  type Sender,
} from './claim.repo.ts';
import { createPace } from './pace.ts';
import { type Finished, settleAttempts } from './settle.ts';
import { openSecret } from './signing.ts';

export type DispatcherDeps = {
  readonly db: Db;
  readonly ring: KeyRing;
  readonly fetch: SafeFetch;
  readonly onError: (err: unknown, doing: string) => void;
  /** In [0, 1): spreads retries. */
  readonly random?: () => number;
  readonly limits?: Partial<Limits>;
};

type Limits = {
  /** Attempts under way in this process. */
  readonly slots: number;
  /** Attempts to one endpoint under way in all processes together. */
  readonly perEndpoint: number;
  /** Longer than an attempt can take and its outcome is written: afterwards somebody else sends the same. */
  readonly leaseMs: number;
  readonly pollMs: number;
  /** How long `stop` lets attempts go on. */
  readonly graceMs: number;
};

const LIMITS: Limits = { slots: 256, perEndpoint: 16, leaseMs: 30_000, pollMs: 500, graceMs: 5_000 };
/** Of the slots, what one workspace may hold: many slow endpoints of one hold up nobody else's. */
const WORKSPACE_SHARE = 0.25;
const SETTLED_AT_ONCE = 200;
/** Attempts that have ended while outcomes are being written: their places are given away meanwhile. */
const WORTH_A_CLAIM = 8;
const SOON_MS = 20;
const RESOLUTION = 2 ** 32;

const cryptoRandom = (): number => randomInt(RESOLUTION) / RESOLUTION;

/** Sends what is due to the receivers of all workspaces, until it is stopped. Any number of processes may do it at once. */
export function createWebhookDispatcher(deps: DispatcherDeps) {
  const { db, ring, fetch, onError, random = cryptoRandom } = deps;
  const { slots, perEndpoint, leaseMs, pollMs, graceMs } = { ...LIMITS, ...deps.limits };
  const perWorkspace = Math.max(perEndpoint, Math.floor(slots * WORKSPACE_SHARE));
  const giveUp = new AbortController();
  const underWay = new Set<Promise<void>>();
  /** Of deliveries that were given up, or whose outcome could not be written. */
  const abandoned = new Set<string>();
  /** Deliveries whose attempt has ended and whose outcome is not written down yet. */
  const ended = new Set<string>();
  const pace = createPace(perEndpoint);
  let finished: Finished[] = [];
  let settling: Promise<void> | null = null;
  let claiming: Promise<void> | null = null;
  let isWokenMeanwhile = false;
  let isStarted = false;
  let isStopping = false;
  let cursor: Cursor | null = null;
  let soon: NodeJS.Timeout | null = null;

  /** The secrets that sign for an endpoint now, the present one first. */
  function receiverOf(sender: Sender): Receiver {
    const { url, sealedSecret, keyVersion, sealedPrevious, previousKeyVersion } = sender;
    const sealed = [{ sealed: sealedSecret, keyVersion }];
    if (sealedPrevious && previousKeyVersion) sealed.push({ sealed: sealedPrevious, keyVersion: previousKeyVersion });
    return { url, secrets: sealed.map((one) => openSecret(ring, sender, one)) };
  }

  async function send(delivery: ClaimedDelivery, leaseId: string, receiver: Receiver): Promise<void> {
    const outcome = await attempt(fetch, delivery, receiver, giveUp.signal);
    if (!outcome) return void abandoned.add(leaseId);
    pace.note(delivery.endpointId, outcome.durationMs);
    ended.add(delivery.id);
    finished.push({ delivery, leaseId, url: receiver.url, outcome });
    settling ??= settle().finally(() => {
      settling = null;
    });
    if (finished.length >= WORTH_A_CLAIM) wake();
  }

  /** Writes outcomes as they come: those that come while others are being written share the next transaction. */
  async function settle(): Promise<void> {
    while (finished.length > 0) {
      const some = finished.slice(0, SETTLED_AT_ONCE);
      finished = finished.slice(SETTLED_AT_ONCE);
      try {
        await settleAttempts(db, some, random);
      } catch (err) {
        // When the lease runs out the same is sent again, under the same id.
        for (const { leaseId } of some) abandoned.add(leaseId);
        onError(err, 'writing down outcomes');
      }
      for (const { delivery } of some) ended.delete(delivery.id);
      wake();
    }
  }

  function launch(delivery: ClaimedDelivery, leaseId: string, receiver: Receiver): void {
    const sending: Promise<void> = send(delivery, leaseId, receiver)
      .catch((err: unknown) => onError(err, 'sending'))
      .finally(() => {
        underWay.delete(sending);
      });
    underWay.add(sending);
  }

  function launchAll(claim: Claim, leaseId: string): void {
    const bySender = Map.groupBy(claim.deliveries, ({ endpointId }) => endpointId);
    for (const sender of claim.senders) {
      try {
        const deliveries = bySender.get(sender.endpointId) ?? [];
        const receiver = deliveries.length > 0 ? receiverOf(sender) : null;
        if (receiver) for (const delivery of deliveries) launch(delivery, leaseId, receiver);
      } catch (err) {
        // A secret that does not open keeps nobody else from being sent to.
        onError(err, `opening the secret of endpoint ${sender.endpointId}`);
      }
    }
  }

  /** One claim; how many deliveries it found. */
  async function claimSome(): Promise<number> {
    const leaseId = newId();
    const free = slots - underWay.size;
    const claim = await claimDeliveries(db, {
      leaseId,
      leaseMs,
      slots: free,
      most: pace.slots(),
      perWorkspace,
      ended: [...ended],
      cursor,
    });
    cursor = claim.cursor;
    launchAll(claim, leaseId);
    return claim.deliveries.length;
  }

  const hasRoom = (): boolean => !isStopping && underWay.size < slots;

  /** Claims up to the last endpoint, or until no slot is free; whether another pass may find more. */
  async function pass(): Promise<boolean> {
    // One that takes up where slots ran out has not looked at those before.
    let mayFindMore = cursor !== null;
    do {
      if ((await claimSome()) > 0) mayFindMore = true;
    } while (cursor !== null && hasRoom());
    return mayFindMore;
  }

  /** Endpoints that have nothing to send now are looked at once: their number costs a pass, not one after the other without end. */
  async function claimAll(): Promise<void> {
    let mayFindMore = true;
    while (mayFindMore && hasRoom()) {
      isWokenMeanwhile = false;
      mayFindMore = (await pass()) || isWokenMeanwhile;
    }
  }

  /** Looks for due deliveries now. */
  function wake(): void {
    isWokenMeanwhile = true;
    if (!isStarted || isStopping) return;
    claiming ??= claimAll()
      .catch((err: unknown) => onError(err, 'claiming'))
      .finally(() => {
        claiming = null;
      });
  }

  /** `wake` for the inside of a transaction: it is over in a moment. */
  function wakeSoon(): void {
    if (isStarted && !isStopping)
      soon ??= setTimeout(() => {
        soon = null;
        wake();
      }, SOON_MS);
  }

  async function stop(): Promise<void> {
    isStopping = true;
    if (soon) clearTimeout(soon);
    await claiming;
    const grace = setTimeout(() => giveUp.abort(), graceMs);
    await Promise.all(underWay);
    clearTimeout(grace);
    while (settling) await settling;
    await releaseDeliveries(db, [...abandoned]).catch((err: unknown) => onError(err, 'giving back deliveries'));
  }

  function start(): { stop(): Promise<void> } {
    isStarted = true;
    const timer = setInterval(wake, pollMs);
    wake();
    return {
      stop() {
        clearInterval(timer);
        return stop();
      },
    };
  }

  return { name: 'webhooks', start, wake, wakeSoon };
}

export type WebhookDispatcher = ReturnType<typeof createWebhookDispatcher>;

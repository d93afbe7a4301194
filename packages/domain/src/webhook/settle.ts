import { WebhookEndpointDisabled } from '@morket/contract/webhook';
import { type Db, type PointTx, Prisma } from '@morket/db';
import { systemActing } from '../access/index.ts';
import { newId } from '../ids/index.ts';
import { recordClauses, recordingsSource } from '../record/index.ts';
import type { Outcome } from './attempt.ts';
import type { ClaimedDelivery } from './claim.repo.ts';
import { type Change, decideHealth, type Verdict, verdictOf } from './health.model.ts';
import * as repo from './outcome.repo.ts';
import { retryDelayMs } from './schedule.model.ts';

/** An attempt that has come to something, the lease it was made under, and the address it went to. */
export type Finished = {
  readonly delivery: ClaimedDelivery;
  readonly leaseId: string;
  readonly url: string;
  readonly outcome: Outcome;
};

/** An endpoint as it was when it was sent to: what its old address answers says nothing of a new one. */
const addressOf = ({ delivery, url }: Finished): repo.Address => {
  const { workspaceId, endpointId } = delivery;
  return { workspaceId, endpointId, url };
};
const keyOf = ({ workspaceId, endpointId, url }: repo.Address): string => `${workspaceId} ${endpointId} ${url}`;
const verdict = ({ outcome }: Finished): Verdict => verdictOf(outcome.status, outcome.retryAfterMs !== null);

/** All outcomes of one endpoint, in the order in which they came, folded into one change. */
function foldHealth(before: repo.EndpointHealth, finished: readonly Finished[], random: () => number) {
  let { consecutiveFailures, failingForMs, pausedForMs } = before;
  let disable: Change['disable'] = null;
  for (const one of finished) {
    const { retryAfterMs } = one.outcome;
    const health = { consecutiveFailures, failingForMs, pausedForMs };
    const change = decideHealth(health, verdict(one), { retryAfterMs, random: random() });
    ({ consecutiveFailures } = change);
    pausedForMs = change.pauseMs ?? 0;
    failingForMs = consecutiveFailures === 0 ? null : (failingForMs ?? 0);
    disable = consecutiveFailures === 0 ? null : (change.disable ?? disable);
  }
  return { consecutiveFailures, isFailing: failingForMs !== null, pausedForMs, disable };
}

function recordDisabled(tx: PointTx, before: repo.EndpointHealth, reason: 'gone' | 'failing'): Promise<void> {
  const { workspaceId, endpointId, url, failingSince } = before;
  const acting = systemActing(workspaceId, 'webhooks');
  const event = WebhookEndpointDisabled(endpointId, { origin: new URL(url).origin, reason, failingSince });
  const change = { before: { state: 'active' }, after: { state: 'disabled', disabledReason: reason } };
  const source = recordingsSource([{ id: newId(), acting, event, change, place: 0 }]);
  return tx.execute(Prisma.sql`with ${recordClauses(source)} select 1`);
}

/** Writes the health of endpoints that failed, and gives for how long each of them is paused, by `keyOf`. */
async function settleHealth(tx: PointTx, failed: ReadonlyMap<string, readonly Finished[]>, random: () => number) {
  const pauses = new Map<string, number>();
  const endpoints = [...failed.values()].flatMap(([one]) => (one ? [addressOf(one)] : []));
  for (const before of await repo.lockHealth(tx, endpoints)) {
    const key = keyOf(before);
    const { pausedForMs, ...health } = foldHealth(before, failed.get(key) ?? [], random);
    const disable = before.isActive ? health.disable : null;
    const pauseMs = pausedForMs > 0 ? pausedForMs : null;
    await repo.writeHealth(tx, { ...before, ...health, pauseMs, disable });
    if (disable !== null) await recordDisabled(tx, before, disable);
    pauses.set(key, pausedForMs);
  }
  return pauses;
}

/** Writes down what came of attempts, in one transaction: deliveries, their logs, and how the endpoints fare. `random` is in [0, 1). */
export function settleAttempts(db: Db, finished: readonly Finished[], random: () => number): Promise<void> {
  const byEndpoint = Map.groupBy(finished, (one) => keyOf(addressOf(one)));
  const isWell = (some: readonly Finished[]) => some.every(({ outcome }) => outcome.failure === null);
  const well = [...byEndpoint.values()].filter(isWell).flatMap(([one]) => (one ? [addressOf(one)] : []));
  const failed = new Map([...byEndpoint].filter(([, some]) => !isWell(some)));
  return db.pointTransaction(async (tx) => {
    // Endpoints before deliveries, as everybody locks them.
    if (well.length > 0) await repo.markHealthy(tx, well);
    const pauses = failed.size > 0 ? await settleHealth(tx, failed, random) : new Map<string, number>();
    const settlements = finished.map((one) => {
      const delayMs = retryDelayMs(one.delivery.tries + 1, random());
      const pausedForMs = pauses.get(keyOf(addressOf(one))) ?? 0;
      return { ...one, retryInMs: delayMs === null ? null : Math.max(delayMs, pausedForMs) };
    });
    await repo.writeOutcomes(tx, settlements);
  });
}

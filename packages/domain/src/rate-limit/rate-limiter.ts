import { createHmac } from 'node:crypto';
import { RateLimited, Unavailable } from '@morket/contract/errors';
import { lengthPrefixed } from '../secrets/index.ts';
import type { RateLimitStore, Take } from './rate-limit.store.ts';
import { secondsUntilFree } from './window.model.ts';

/**
 * How many calls a subject has in a minute; 0 switches the limit off. `lease` calls are taken from the shared store at once and
 * spent in this process, so that a generous limit does not cost a write for each call.
 */
export type RatePolicy = {
  readonly name: string;
  readonly limit: number;
  readonly lease: number;
  /** What happens while the store is out of reach: a guarded entrance stays shut, an ordinary one stays open. */
  readonly whenStoreFails: 'refuse' | 'allow';
};

const WINDOW_SECONDS = 60;
const MAX_LOCAL_KEYS = 10_000;

/** `open`: the store is out of reach and the policy lets calls pass. */
type Outcome = 'taken' | 'refused' | 'open';
type Local = { leased: number; leaseEndsAt: number; blockedUntil: number; taking: Promise<Outcome> | null };

/** Charges calls against policies, in a sliding window of a minute that all processes share. */
export function createRateLimiter(deps: {
  readonly store: RateLimitStore;
  /** Hides addresses and ids from whoever reads the store. */
  readonly secret: string;
  readonly now?: () => number;
  readonly onStoreFailure?: (err: unknown) => void;
}) {
  const { store, secret, now = Date.now, onStoreFailure = () => undefined } = deps;
  const locals = new Map<string, Local>();

  function localOf(key: string): Local {
    const known = locals.get(key);
    if (known) return known;
    const [oldest] = locals.keys();
    // Full: forget the oldest key; at worst its next call reaches the store.
    if (locals.size >= MAX_LOCAL_KEYS && oldest !== undefined) locals.delete(oldest);
    const fresh: Local = { leased: 0, leaseEndsAt: 0, blockedUntil: 0, taking: null };
    locals.set(key, fresh);
    return fresh;
  }

  /** Only the store sees it, so that a call on a lease does not pay for it. */
  const keyOf = (policy: RatePolicy, subject: string): Buffer =>
    createHmac('sha256', secret)
      .update(lengthPrefixed('rate-limit', policy.name, subject))
      .digest();

  async function takeFromStore(key: Buffer, policy: RatePolicy, cost: number): Promise<Take | null> {
    try {
      return await store.take(key, { limit: policy.limit, windowSeconds: WINDOW_SECONDS, cost });
    } catch (err) {
      onStoreFailure(err);
      if (policy.whenStoreFails === 'refuse') throw Unavailable({ retryAfterSeconds: 5 }, err);
      return null;
    }
  }

  const refuse = (policy: RatePolicy, local: Local) =>
    RateLimited({
      policy: policy.name,
      retryAfterSeconds: Math.max(1, Math.ceil((local.blockedUntil - now()) / 1_000)),
    });

  /** Takes a lease, or where that is too much the one call; the first call of it belongs to whoever asked. */
  async function take(key: Buffer, policy: RatePolicy, local: Local): Promise<Outcome> {
    for (const cost of new Set([Math.max(1, Math.min(policy.lease, policy.limit)), 1])) {
      const attempt = await takeFromStore(key, policy, cost);
      if (!attempt) return 'open';
      const { taken, counts } = attempt;
      if (taken) {
        // What is unspent when its window ends is lost.
        local.leased = cost - 1;
        local.leaseEndsAt = now() + (1 - counts.elapsed) * WINDOW_SECONDS * 1_000;
        return 'taken';
      }
      if (cost === 1) local.blockedUntil = now() + secondsUntilFree(counts, policy.limit, WINDOW_SECONDS) * 1_000;
    }
    return 'refused';
  }

  /** Charges one call of `subject`. Throws `request.rate_limited`; a refused call is not charged. */
  async function charge(policy: RatePolicy, subject: string): Promise<void> {
    if (policy.limit === 0) return;
    const local = localOf(`${policy.name} ${subject}`);
    for (;;) {
      const at = now();
      // A flood is answered from memory: it must not become database load.
      if (local.blockedUntil > at) throw refuse(policy, local);
      if (local.leased > 0 && local.leaseEndsAt > at) {
        local.leased -= 1;
        return;
      }
      // One at a time for each key: parallel calls that took a lease each would use the limit up with a few calls.
      const underWay = local.taking;
      local.taking ??= take(keyOf(policy, subject), policy, local).finally(() => {
        local.taking = null;
      });
      const outcome = await local.taking;
      if (outcome === 'open' || (outcome === 'taken' && !underWay)) return;
    }
  }

  return { charge };
}

export type RateLimiter = ReturnType<typeof createRateLimiter>;

import { Unavailable } from '@morket/contract/errors';
import { CommitUnknown } from './commit-unknown.ts';
import { isOutOfService, isRepeatable } from './sql-state.ts';

const MAX_TRIES = 5;
const BACKOFF_FLOOR_MS = 5;
const BACKOFF_CEILING_MS = 200;

/** Full jitter, growing with each try: retries without spacing are spent within milliseconds. */
const backoffMs = (attempt: number, random: number) =>
  BACKOFF_FLOOR_MS + random * Math.min(BACKOFF_CEILING_MS, BACKOFF_FLOOR_MS * 2 ** (attempt + 1));

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** The failure as callers shall see it. */
export const unavailableIfAway = (err: unknown): unknown =>
  isOutOfService(err) ? Unavailable({ retryAfterSeconds: 1 }, err) : err;

/**
 * Runs one transaction, and the whole of it again after a serialization failure or a deadlock. `attempt` calls `committing` when nothing but
 * COMMIT is left. Throws `server.unavailable` and `CommitUnknown`.
 */
export async function repeat<T>(attempt: (committing: () => void) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    let isCommitting = false;
    try {
      return await attempt(() => {
        isCommitting = true;
      });
    } catch (err) {
      // From here on "try again" would be wrong advice: the commit may have arrived.
      if (isCommitting && isOutOfService(err)) throw new CommitUnknown(err);
      if (!isRepeatable(err)) throw unavailableIfAway(err);
      if (tries >= MAX_TRIES) throw Unavailable({ retryAfterSeconds: 1 }, err);
      await pause(backoffMs(tries - 1, jitter()));
    }
  }
}

/** 0 ≤ x < 1. */
function jitter(): number {
  const [word = 0] = crypto.getRandomValues(new Uint32Array(1));
  return word / 2 ** 32;
}

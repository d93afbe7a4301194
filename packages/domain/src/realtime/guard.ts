import type { Permission } from '@morket/contract/permissions';
import { whoHears } from '@morket/contract/realtime';
import type { WorkspaceScope } from '../access/index.ts';
import type { News } from './realtime.repo.ts';
import type { Seat } from './seat.ts';

const ASK_AGAIN_MS = 30_000;
/** An access token is taken a little longer than it lives, because clocks differ. */
const AFTER_EXPIRY_MS = 5_500;

/** What somebody was found to be allowed, at one moment. */
export type Listening = {
  readonly scope: WorkspaceScope;
  /** Whether they hold a permission beside the one to listen. */
  may(permission: Permission): Promise<boolean>;
};

/** What a stream needs to know of the request that it answers. */
export type Watch = {
  /** Asks anew who calls and what they may; throws what a new request would be answered with. */
  readonly reauthorize: () => Promise<Listening>;
  /** When the access token ends, in milliseconds since 1970; undefined for what does not end by itself. */
  readonly expiresAtMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
};

async function mayHear({ scope, may }: Listening, { name, entity, userId }: News): Promise<boolean> {
  const hearing = whoHears(name, entity);
  if (hearing === 'nobody') return false;
  // A key is not the person who made it.
  if (hearing === 'recipient') return scope.sessionId !== null && userId === scope.actorId;
  return may(hearing.permission);
}

/** Stands between a stream and its listener: asks for their access at the start, when it may have changed, when their token ends, and every half minute. */
export function createGuard(seat: Seat, { reauthorize, expiresAtMs }: Watch) {
  let listening: Listening | null = null;
  let askAtMs = 0;

  async function ask(): Promise<Listening> {
    // Before asking: what is told while the answer is on its way is another reason to ask.
    seat.isDoubted = false;
    listening = await reauthorize();
    const now = Date.now();
    const endsAtMs = (expiresAtMs ?? 0) + AFTER_EXPIRY_MS;
    askAtMs = endsAtMs > now ? Math.min(now + ASK_AGAIN_MS, endsAtMs) : now + ASK_AGAIN_MS;
    return listening;
  }

  const isDue = () => seat.isDoubted || Date.now() >= askAtMs;

  return {
    isDue,
    /** Until when the last answer holds. */
    msLeft: () => askAtMs - Date.now(),
    /** Those of `news` that the listener may hear. Throws what `reauthorize` throws. */
    async admit<T>(letters: readonly T[], newsOf: (letter: T) => News): Promise<readonly T[]> {
      const asked = listening === null || isDue() ? await ask() : listening;
      const admitted = await Promise.all(letters.map((letter) => mayHear(asked, newsOf(letter))));
      return letters.filter((_, index) => admitted[index]);
    },
  };
}

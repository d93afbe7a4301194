import type { RealtimeEvent, RealtimeMessage, SubscribeInput } from '@morket/contract/realtime';
import type { Db } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import { judgeCursor, parseCursor } from './cursor.model.ts';
import { createGuard, type Watch } from './guard.ts';
import { createHub, type Place, placeId } from './hub.ts';
import * as repo from './realtime.repo.ts';
import { createSeat, deliver, type Letter, type Seat } from './seat.ts';

/** Open at once in one process, for each person or API key. */
const MAX_STREAMS_EACH = 20;
/** Letters that wait for a reader who is slow; with some 300 bytes each. */
const MAX_WAITING = 1_000;
/** Whoever was away for longer has more to fetch again than is worth telling. */
const MAX_AGE_SECONDS = 24 * 3_600;

/** A message and the id by which to go on after it. */
export type Told = { readonly id: string; readonly message: RealtimeMessage };

const toMessage = ({ name, entity, entityId, seq, at, actorId }: repo.News): RealtimeEvent => ({
  ...{ kind: 'event', name, entity, entityId, version: seq },
  ...{ at: new Date(at), actorId },
});

/** Streams of what happens in a workspace, fed by the outbox. */
export function createRealtimeService(deps: {
  readonly db: Db;
  /** How long the outbox keeps events. */
  readonly retentionSeconds: number;
  /** Hears why the outbox could not be read; the streams stay open and miss nothing. */
  readonly onFailure: (err: unknown) => void;
}) {
  const { db, retentionSeconds, onFailure } = deps;
  const maxAgeSeconds = Math.min(MAX_AGE_SECONDS, retentionSeconds);
  const hub = createHub({ db, maxStreamsEach: MAX_STREAMS_EACH, onFailure });

  /** What comes first: what was missed since the last event, or that it cannot be told. */
  async function openingOf(seat: Seat, input: SubscribeInput, place: Place) {
    if (input.lastEventId === undefined) return { letters: [], reset: null };
    const cursor = parseCursor(input.lastEventId);
    const verdict = judgeCursor(cursor, place, maxAgeSeconds);
    if (verdict !== 'good' || !cursor)
      return { letters: [], reset: verdict === 'too_old' ? verdict : 'unknown_position' } as const;
    const { workspaceId } = seat.listener;
    const bounds = { until: place.position, maxNews: MAX_WAITING };
    const missed = await repo.findMissed(db.points, { workspaceId, ...cursor }, bounds);
    if (!missed) return { letters: [], reset: 'too_much' } as const;
    const { epoch, atSeconds } = place;
    const past = createSeat(seat.listener, MAX_WAITING);
    deliver(
      past,
      missed.filter(({ isLater }) => !isLater),
      { epoch, atSeconds, from: cursor.from, to: cursor.to },
    );
    deliver(
      past,
      missed.filter(({ isLater }) => isLater),
      { epoch, atSeconds, from: cursor.to, to: place.position },
    );
    return { letters: past.mailbox.take().letters, reset: null };
  }

  /**
   * What happens in the workspace from now on, or from the last event on, until the caller goes away or may no longer listen. Throws
   * `realtime.too_many_streams`, `server.unavailable`, and what `reauthorize` throws.
   */
  async function* subscribe(
    scope: WorkspaceScope,
    input: SubscribeInput,
    watch: Watch,
  ): AsyncGenerator<Told, void, undefined> {
    const { signal } = watch;
    const { workspaceId, actorId: userId, sessionId } = scope;
    const seat = createSeat({ principal: scope.apiKeyId ?? userId, workspaceId, userId, sessionId }, MAX_WAITING);
    const topics = input.topics && new Set(input.topics);
    const isWanted = ({ name, entity }: repo.News) => topics === undefined || topics.has(entity) || topics.has(name);
    const guard = createGuard(seat, watch);

    async function* tell(letters: readonly Letter[]) {
      const admit = (some: readonly Letter[]) => guard.admit(some, ({ news }) => news);
      let left = [...(await admit(letters.filter(({ news }) => isWanted(news))))];
      for (let letter = left.shift(); letter; letter = left.shift()) {
        yield { id: letter.id, message: toMessage(letter.news) };
        if (seat.ending) throw seat.ending;
        // Taking it may have lasted: the rest is for somebody who may hear it still.
        if (guard.isDue()) left = [...(await admit(left))];
      }
    }

    const place = await hub.join(seat);
    const wake = () => seat.mailbox.wake();
    signal?.addEventListener('abort', wake);
    try {
      const opening = await openingOf(seat, input, place);
      if (opening.reset) yield { id: placeId(place), message: { kind: 'reset', reason: opening.reset } };
      yield* tell(opening.letters);
      yield { id: placeId(place), message: { kind: 'ready' } };
      while (!signal?.aborted) {
        await seat.mailbox.wait(guard.msLeft());
        if (signal?.aborted) return;
        const { letters, overflowed } = seat.mailbox.take();
        const rest = overflowed ? placeId(hub.place()) : null;
        yield* tell(letters);
        if (rest !== null) yield { id: rest, message: { kind: 'reset', reason: 'too_much' } };
        if (seat.ending) throw seat.ending;
      }
    } finally {
      signal?.removeEventListener('abort', wake);
      hub.leave(seat);
    }
  }

  return { subscribe, end: hub.close };
}

export type RealtimeService = ReturnType<typeof createRealtimeService>;

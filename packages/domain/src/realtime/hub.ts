import { Unavailable } from '@morket/contract/errors';
import { ACCESS_EVENTS, TooManyStreams } from '@morket/contract/realtime';
import type { Db } from '@morket/db';
import { type Cursor, cursorId } from './cursor.model.ts';
import { createPoller } from './poller.ts';
import * as repo from './realtime.repo.ts';
import { deliver, doubt, end, type Seat } from './seat.ts';

const PACE = { minMs: 25, maxMs: 100, afterFailureMs: 1_000 };
const MAX_NEWS = 1_000;
const RETRY_AFTER_SECONDS = 1;
const TOO_MANY_RETRY_AFTER_SECONDS = 15;

const ACCESS: ReadonlySet<string> = new Set(ACCESS_EVENTS);

/** A place that a whole window ends at. */
export type Place = Pick<Cursor, 'epoch' | 'atSeconds'> & { readonly position: bigint };

type Newcomer = { readonly seat: Seat; resolve(place: Place): void; reject(err: unknown): void };

export const placeId = ({ epoch, position, atSeconds }: Place): string =>
  cursorId({ epoch, from: position, to: position, seq: 0n, atSeconds });

/**
 * The streams of one process. One query for all of them looks at the outbox, while there is at least one: what it finds goes to the
 * seats of its workspace. Nothing is kept but where the last look ended, so any process can serve any stream.
 */
export function createHub(options: {
  readonly db: Pick<Db, 'points' | 'onCommit'>;
  readonly maxStreamsEach: number;
  readonly onFailure: (err: unknown) => void;
}) {
  const { db, maxStreamsEach, onFailure } = options;
  const byWorkspace = new Map<string, Set<Seat>>();
  const streamsOf = new Map<string, number>();
  let newcomers: Newcomer[] = [];
  let position: bigint | null = null;
  let epoch: string | null = null;
  let isSure = false;
  let isClosed = false;
  let unlisten: (() => void) | null = null;

  const poller = createPoller({ pace: PACE, look: lookAgain, onFailure });
  const seated = (): Seat[] => [...byWorkspace.values()].flatMap((seats) => [...seats]);
  const atSeconds = () => Math.floor(Date.now() / 1_000);
  const placeAt = (at: bigint): Place => ({ epoch: epoch ?? '', position: at, atSeconds: atSeconds() });
  const closing = () => Unavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS });

  /** Whether the transactions are numbered anew: after an interruption another server may answer behind the same address. */
  async function enterEpoch(): Promise<boolean> {
    const before = epoch;
    epoch = await repo.findEpoch(db.points);
    isSure = true;
    return before !== null && before !== epoch;
  }

  function tell(seat: Seat, window: Pick<Cursor, 'epoch' | 'from' | 'to'>, news: readonly repo.News[]): void {
    deliver(seat, news, { ...window, atSeconds: atSeconds() });
    const { userId } = seat.listener;
    if (news.some((one) => ACCESS.has(one.name) && (one.userId === null || one.userId === userId))) doubt(seat);
  }

  function hand(found: repo.Window, window: Pick<Cursor, 'epoch' | 'from' | 'to'>): void {
    for (const [workspaceId, news] of Map.groupBy(found.news, (one) => one.workspaceId)) {
      for (const seat of byWorkspace.get(workspaceId) ?? []) tell(seat, window, news);
    }
    for (const workspaceId of found.overflowed) {
      for (const seat of byWorkspace.get(workspaceId) ?? []) {
        seat.mailbox.overflow();
        // What was left out may have been about them.
        doubt(seat);
      }
    }
    if (found.endedSessions.length === 0) return;
    const ended = new Set(found.endedSessions);
    for (const seat of seated())
      if (seat.listener.sessionId !== null && ended.has(seat.listener.sessionId)) doubt(seat);
  }

  async function look(arriving: readonly Newcomer[]): Promise<boolean> {
    const isNewEpoch = isSure ? false : await enterEpoch();
    const known = isNewEpoch ? null : position;
    const from = known ?? (await repo.findBeginning(db.points));
    // Those who come in hear nothing yet, but where they begin is a place that a window of theirs may end at.
    const ids = new Set([...byWorkspace.keys(), ...arriving.map(({ seat }) => seat.listener.workspaceId)]);
    const found = await repo.findWindow(db.points, { from, workspaceIds: [...ids], maxNews: MAX_NEWS });
    const to = BigInt(found.to);
    hand(found, { epoch: epoch ?? '', from, to });
    // What happens while nobody listens is nobody's news.
    position = streamsOf.size > 0 ? to : null;
    if (isNewEpoch) for (const { mailbox } of seated()) mailbox.overflow();
    for (const { seat, resolve } of arriving) {
      sit(seat);
      resolve(placeAt(to));
    }
    return found.news.length > 0;
  }

  async function lookAgain(): Promise<boolean> {
    const arriving = newcomers;
    newcomers = [];
    try {
      return await look(arriving);
    } catch (err) {
      isSure = false;
      for (const { reject } of arriving) reject(err);
      throw err;
    }
  }

  function sit(seat: Seat): void {
    const { workspaceId } = seat.listener;
    byWorkspace.set(workspaceId, (byWorkspace.get(workspaceId) ?? new Set()).add(seat));
    if (isClosed) end(seat, closing());
  }

  function enter(principal: string): void {
    const streams = streamsOf.get(principal) ?? 0;
    if (streams >= maxStreamsEach) {
      throw TooManyStreams({ maxStreams: maxStreamsEach, retryAfterSeconds: TOO_MANY_RETRY_AFTER_SECONDS });
    }
    streamsOf.set(principal, streams + 1);
    unlisten ??= db.onCommit(poller.soon);
    poller.start();
    poller.soon();
  }

  function exit(principal: string): void {
    const streams = (streamsOf.get(principal) ?? 1) - 1;
    if (streams > 0) streamsOf.set(principal, streams);
    else streamsOf.delete(principal);
    if (streamsOf.size > 0) return;
    poller.stop();
    unlisten?.();
    unlisten = null;
    position = null;
  }

  /**
   * Takes a stream in and tells from where on it will hear everything. That place lies behind all that was settled when it was asked
   * for, and so behind every cursor given out before. Throws `realtime.too_many_streams` and `server.unavailable`.
   */
  async function join(seat: Seat): Promise<Place> {
    if (isClosed) throw closing();
    const { principal } = seat.listener;
    enter(principal);
    try {
      return await new Promise((resolve, reject) => newcomers.push({ seat, resolve, reject }));
    } catch (err) {
      exit(principal);
      throw err;
    }
  }

  /** Undoes a `join` that succeeded. */
  function leave(seat: Seat): void {
    const { workspaceId, principal } = seat.listener;
    const seats = byWorkspace.get(workspaceId);
    seats?.delete(seat);
    if (seats?.size === 0) byWorkspace.delete(workspaceId);
    exit(principal);
  }

  /** Where a stream goes on that has lost what waited for it. */
  function place(): Place {
    if (position === null) throw new Error('There is a place as long as somebody listens.');
    return placeAt(position);
  }

  /** Ends every stream, and takes in no more. */
  function close(): void {
    isClosed = true;
    for (const seat of seated()) end(seat, closing());
    for (const { reject } of newcomers.splice(0)) reject(closing());
  }

  return { join, leave, place, close };
}

import type { DomainError } from '@morket/contract/errors';
import { type Cursor, cursorId } from './cursor.model.ts';
import { createMailbox, type Mailbox } from './mailbox.ts';
import type { News } from './realtime.repo.ts';

/** One event together with the place behind it. */
export type Letter = { readonly id: string; readonly news: News };

/** Who listens, and where. */
export type Listener = {
  /** The person, or the API key, whose streams are counted. */
  readonly principal: string;
  readonly workspaceId: string;
  readonly userId: string;
  /** Null for an API key. */
  readonly sessionId: string | null;
};

/** One open stream, as the hub sees it. */
export type Seat = {
  readonly listener: Listener;
  readonly mailbox: Mailbox<Letter>;
  /** Whether the access of this listener has to be asked for anew before anything more is told. */
  isDoubted: boolean;
  /** Set when the stream has to end. */
  ending: DomainError | null;
};

export function createSeat(listener: Listener, capacity: number): Seat {
  return { listener, mailbox: createMailbox<Letter>(capacity), isDoubted: false, ending: null };
}

/** The same event under the same key, whatever its place: of a burst the latest is kept. */
const keyOf = ({ name, entity, entityId, userId }: News): string => JSON.stringify([entity, entityId, name, userId]);

/** Puts what a window has told into the mailbox of a stream. */
export function deliver(
  { mailbox }: Seat,
  news: readonly News[],
  window: Pick<Cursor, 'epoch' | 'from' | 'to' | 'atSeconds'>,
): void {
  for (const one of news) mailbox.put(keyOf(one), { id: cursorId({ ...window, seq: BigInt(one.seq) }), news: one });
}

export function doubt(seat: Seat): void {
  seat.isDoubted = true;
  seat.mailbox.wake();
}

export function end(seat: Seat, why: DomainError): void {
  seat.ending ??= why;
  seat.mailbox.wake();
}

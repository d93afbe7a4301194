import type { Db } from '@morket/db';
import { newId } from '../ids/index.ts';
import { type MailPort, MailRefused } from '../mail/index.ts';
import { digestOf } from './digest.model.ts';
import * as repo from './digest.repo.ts';

/** So many of either sort are looked up at a time: what becomes due meanwhile waits for no more than these. */
const BATCH = 20;
/** So many messages are under way at once: one mailbox that takes its time does not hold up the rest. */
const AT_ONCE = 4;

/** Takes a message; null where another worker has it, or where it is too old to be of use. */
type Take = () => Promise<string | null>;

/** New messages and those that failed before take turns: a backlog of either leaves the other one half of the way. */
const alternately = (one: readonly Take[], other: readonly Take[]): Take[] =>
  Array.from({ length: Math.max(one.length, other.length) }, (_, at) => [one[at], other[at]])
    .flat()
    .filter((take) => take !== undefined);

/**
 * Mails what nobody has read in time, one message for each person and workspace. Any number of workers may do it at once. A message that
 * failed, or that a dead worker began, is sent again under its own id, so a mailbox can tell it from a new one; each time after a longer
 * pause, until it is no news any more. What the mail server refuses for good is not sent again.
 */
export function createDigestMailer(deps: {
  readonly db: Db;
  readonly mail: MailPort;
  readonly onFailure: (err: unknown, mailId: string) => void;
}) {
  const { db, mail, onFailure } = deps;

  /** Outside of any transaction: a mail server may take its time. */
  async function send(mailId: string): Promise<boolean> {
    const message = digestOf(await repo.readClaimed(db.read, mailId));
    try {
      if (message) await mail.send({ ...message, id: mailId });
    } catch (err) {
      onFailure(err, mailId);
      // Of any other failure the lease runs out, and it is tried again.
      if (err instanceof MailRefused) await repo.finish(db.read, mailId, 'none');
      return false;
    }
    await repo.finish(db.read, mailId, 'sent');
    return message !== null;
  }

  const takeDue =
    (owner: repo.Owner): Take =>
    () => {
      const mailId = newId();
      // no record: whether a mail went out changes nothing of the workspace.
      return db.transaction(async (tx) => {
        if (!(await repo.lockOwner(tx, owner))) return null;
        await repo.dropNeedless(tx, owner);
        await repo.claim(tx, owner, mailId);
        return mailId;
      });
    };

  const takeAbandoned =
    (mailId: string): Take =>
    async () =>
      // no record: as above.
      (await db.transaction((tx) => repo.claimAbandoned(tx, mailId))) ? mailId : null;

  const listTakes = async (): Promise<Take[]> =>
    alternately(
      (await repo.listDue(db.read, BATCH)).map(takeDue),
      (await repo.listAbandoned(db.read, BATCH)).map(takeAbandoned),
    );

  /** Sends what is due, until nothing is or `signal` fires: then no other message is begun. Yields how many messages went out. */
  async function sweep(signal?: AbortSignal): Promise<number> {
    let sent = 0;
    for (let taken = -1; taken !== 0 && !signal?.aborted; ) {
      taken = 0;
      const takes = await listTakes();
      const lane = async () => {
        while (!signal?.aborted) {
          const take = takes.shift();
          if (!take) return;
          const mailId = await take();
          if (mailId === null) continue;
          taken += 1;
          if (await send(mailId)) sent += 1;
        }
      };
      // When one fails, the others are waited for all the same: nothing of a round outlives it.
      const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, lane));
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
    }
    return sent;
  }

  return { sweep };
}

export type DigestMailer = ReturnType<typeof createDigestMailer>;

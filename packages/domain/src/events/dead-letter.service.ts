import {
  type DeadLetter,
  DeadLetterNotFound,
  DeadLetterRetried,
  type ListDeadLettersInput,
  type RetriedDeadLetter,
  type RetryDeadLetterInput,
} from '@morket/contract/events';
import type { Page } from '@morket/contract/primitives';
import type { Db } from '@morket/db';
import type { WorkspaceScope } from '../access/index.ts';
import { once } from '../idempotency/index.ts';
import { record } from '../record/index.ts';
import * as repo from './dead-letter.repo.ts';

/** What consumers could not take of a workspace's events. */
export function createDeadLetterService({ db }: { readonly db: Db }) {
  async function list(scope: WorkspaceScope, input: ListDeadLettersInput): Promise<Page<DeadLetter>> {
    const { items, total } = await repo.listDeadLetters(db.read, scope, input);
    return { items, page: input.page, limit: input.limit, total };
  }

  /**
   * Has the consumer take the events of this one's aggregate up again, in order; a worker does it. Throws `events.dead_letter_not_found`.
   */
  async function retry(scope: WorkspaceScope, input: RetryDeadLetterInput): Promise<RetriedDeadLetter> {
    const { consumer, eventId } = input;
    return once(db, scope, async (tx) => {
      const found = await repo.findDeadLetter(tx, scope, input);
      if (!found) throw DeadLetterNotFound({});
      const events = await repo.makeDue(tx, scope, consumer, { type: found.aggregateType, id: found.aggregateId });
      await record(tx, scope, DeadLetterRetried(eventId, { consumer, event: found.name, events }));
      return { events };
    });
  }

  return { list, retry };
}

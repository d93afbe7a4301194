import { JobFailed } from '@morket/contract/job';
import type { Db } from '@morket/db';
import type { JobWithMetadata, PgBoss } from 'pg-boss';
import { systemActing } from '../access/index.ts';
import { DEAD_LETTERS, type RunPolicy } from '../job/index.ts';
import { record } from '../record/index.ts';
import { errorOfDeadLetter } from './public-error.ts';
import * as repo from './run.repo.ts';

export type DeadLetter = JobWithMetadata<object>;

export const fetchDeadLetters = (boss: PgBoss, limit: number): Promise<DeadLetter[]> =>
  boss.fetch<object>(DEAD_LETTERS, { batchSize: limit, includeMetadata: true });

/** A job that used up its attempts, from whatever cause, is over: its workspace sees it, and it is told as an event. Gives its kind. */
export async function buryDeadLetter(
  db: Db,
  letter: DeadLetter,
  policies: ReadonlyMap<string, RunPolicy>,
): Promise<string> {
  const { sourceId: id, groupId: workspaceId, sourceName } = letter;
  const kind = sourceName ?? 'unknown';
  await db.transaction(async (tx) => {
    if (id && workspaceId) {
      const error = errorOfDeadLetter(letter.output, policies.get(kind)?.timeoutSeconds);
      const buried = await repo.bury(tx, { workspaceId, id }, error);
      if (buried) {
        const { attempts, state } = buried;
        await record(tx, systemActing(workspaceId, 'jobs'), JobFailed(id, { kind, attempts, error }), {
          before: { state },
          after: { state: 'failed', error },
        });
      }
    }
    await repo.forget(tx, DEAD_LETTERS, letter.id);
  });
  return kind;
}

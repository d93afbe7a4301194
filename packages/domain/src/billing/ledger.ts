import { Forbidden, Unavailable } from '@morket/contract/errors';
import { asPointTx, CommitUnknown, type Db, isOutOfService, type PointTx, sqlStateOf, type Tx } from '@morket/db';
import { newId } from '../ids/index.ts';
import { NO_TELEMETRY, type Telemetry } from '../telemetry/index.ts';
import { decideBatch, type Outcome } from './batch.model.ts';
import * as repo from './books.repo.ts';
import { writeChanges } from './changes.repo.ts';
import { type AnswerOf, type Command, type Item, STORED_ANSWERS } from './command.ts';
import { createGroupCommit } from './group-commit.ts';
import { refusalError } from './refusal.ts';
import type { Changes } from './sheet.ts';

const MAX_TRIES_AFTER_LOST_COMMIT = 3;

type Applied = { readonly outcomes: readonly Outcome[]; readonly changes: Changes };

/** Locks, reads, decides and writes for all items inside the caller's transaction. */
async function applyIn(tx: PointTx, items: readonly Item[]): Promise<Applied> {
  const accounts = await repo.lockAccounts(tx, [...new Set(items.map(({ acting }) => acting.workspaceId))]);
  const sheet = await repo.readSheet(tx, accounts, items);
  const applied = decideBatch(sheet, items, newId);
  await writeChanges(tx, applied.changes);
  return applied;
}

/** What the outcome means for whoever asked. Throws the refusal. */
export function answerOf<Kind extends Command['kind']>(kind: Kind, outcome: Outcome): AnswerOf[Kind] {
  switch (outcome.outcome) {
    case 'done':
      // A kept answer has been through JSON; a new one was made under this kind a moment ago.
      return (outcome.isStored ? STORED_ANSWERS[kind].parse(outcome.answer) : outcome.answer) as AnswerOf[Kind];
    case 'refused':
      throw refusalError(outcome.refusal);
    case 'failed':
      throw outcome.error;
    case 'closed':
      throw Forbidden({});
  }
}

/** A lock or a statement that took too long is a matter of one account; a database that is away is everybody's. */
const TOOK_TOO_LONG: ReadonlySet<string | null> = new Set(['55P03', '57014']);
function blames(err: unknown): 'item' | 'group' | 'neither' {
  if (TOOK_TOO_LONG.has(sqlStateOf(err))) return 'group';
  return err instanceof CommitUnknown || Unavailable.is(err) || isOutOfService(err) ? 'neither' : 'item';
}

type ItemOf<Kind extends Command['kind']> = Item & { readonly command: Extract<Command, { readonly kind: Kind }> };

/**
 * The one way in which credits move. Commands that are given at the same time share a transaction and keep their order; each has its own
 * answer, its own refusal, its own replay.
 */
export function createLedger(options: {
  readonly db: Db;
  readonly onRecharge: (workspaceId: string) => void;
  readonly telemetry?: Telemetry;
}) {
  const { db, onRecharge, telemetry = NO_TELEMETRY } = options;

  async function run(items: readonly Item[]): Promise<readonly Outcome[]> {
    for (let attempt = 1; ; attempt += 1) {
      let last: Applied | null = null;
      try {
        // no record: the batch's records are among the changes that applyIn writes.
        const applied = await db.pointTransaction(async (tx) => {
          last = null;
          last = await applyIn(tx, items);
          return last;
        });
        return finish(applied);
      } catch (err) {
        const lost = last as Applied | null; // assigned in the callback, which control flow analysis does not follow
        if (!(err instanceof CommitUnknown) || lost === null) throw err;
        // Who cannot find out must not say that it may be tried again.
        const arrived = await hasArrived(lost.changes).catch(() => Promise.reject(err));
        if (arrived) return finish(lost);
        if (attempt === MAX_TRIES_AFTER_LOST_COMMIT) throw err;
      }
    }
  }

  function finish({ outcomes, changes }: Applied): readonly Outcome[] {
    for (const { workspaceId } of changes.recharges) onRecharge(workspaceId);
    return outcomes;
  }

  /** Whether a transaction whose COMMIT nobody answered took effect; one that changed nothing is simply decided again. */
  async function hasArrived({ recordings, accounts }: Changes): Promise<boolean> {
    const [first] = recordings;
    if (!first) return false;
    // no record: it looks, and changes nothing.
    return db.pointTransaction((tx) => repo.isRecorded(tx, [...accounts.keys()], first.id));
  }

  const queue = createGroupCommit<Item, Outcome>({
    groupOf: ({ acting }) => acting.workspaceId,
    run: (items) => {
      telemetry.count('morket_ledger_batches_total', {});
      telemetry.count('morket_ledger_commands_total', {}, items.length);
      // A batch belongs to many requests; a span has one above it.
      return telemetry.span('db.transaction ledger', items[0]?.acting.origin.traceparent, (span) => {
        span.set({ 'morket.batch_size': items.length });
        return run(items);
      });
    },
    blames,
  });
  telemetry.gauge('morket_ledger_queue', () => [{ labels: {}, value: queue.waiting() }]);

  /** Moves credits in a transaction shared with whoever asks at the same time. An aborted signal withdraws what is not begun. */
  async function move<Kind extends Command['kind']>(item: ItemOf<Kind>, signal?: AbortSignal): Promise<AnswerOf[Kind]> {
    const outcome = await queue.submit(item, signal);
    const { intent } = item.acting;
    if (intent) Object.assign(intent, { isAnswered: true, isReplayed: outcome.isReplay === true });
    return answerOf(item.command.kind as Kind, outcome); // the kind of ItemOf<Kind>
  }

  /**
   * The same inside the caller's transaction, with which it stands or falls. A refusal is a value here: throwing it would undo the row that
   * makes it final.
   */
  async function moveIn<Kind extends Command['kind']>(tx: Tx, item: ItemOf<Kind>): Promise<Outcome> {
    const { outcomes } = await applyIn(asPointTx(tx), [item]);
    const [outcome] = outcomes;
    if (!outcome) throw new Error('An item has an outcome.');
    return outcome;
  }

  return { move, moveIn, drain: queue.drain };
}

export type Ledger = ReturnType<typeof createLedger>;

import type { DomainEvent } from '@morket/contract/events';
import type { Recording } from '../record/index.ts';
import type { Account } from './account.model.ts';
import type { Books, Entry } from './books.model.ts';
import type { ActingIn } from './command.ts';
import { entryEvent } from './entry-event.ts';
import { entryHash } from './entry-hash.model.ts';
import type { HoldStep } from './hold.model.ts';
import {
  type Changes,
  type EntryRow,
  type HoldRow,
  inWorkspace,
  type KeptVerdict,
  type Sheet,
  type StepRow,
} from './sheet.ts';

type About = { readonly description: string; readonly referenceId: string | null };

/** The books of a batch while it is decided, and everything that is to be written of it. `newId` names what is new. */
export function createDraft(sheet: Sheet, newId: () => string) {
  const books = new Map(sheet.books);
  const holds = new Map(sheet.holds);
  const accounts = new Map<string, Account>();
  const entries: EntryRow[] = [];
  const newHolds = new Set<string>();
  const changedHolds = new Set<string>();
  const holdSteps: StepRow[] = [];
  const recharges: { workspaceId: string; id: string }[] = [];
  const answers: KeptVerdict[] = [];
  const recordings: Recording[] = [];

  /** The books of a workspace that has an account. */
  function booksOf(workspaceId: string): Books {
    const current = books.get(workspaceId);
    if (!current) throw new Error('A closed account is not written to.');
    return current;
  }

  function keep(workspaceId: string, current: Books): void {
    books.set(workspaceId, current);
    accounts.set(workspaceId, current.account);
  }

  function tell(acting: ActingIn, event: DomainEvent, change: Recording['change'] = {}, id = newId()): void {
    recordings.push({ id, acting, event, change });
  }

  /** Numbers are the model's; name, time and hash are given here. */
  function write(acting: ActingIn, entry: Entry, about: About, event?: (row: EntryRow) => DomainEvent): EntryRow {
    const { workspaceId } = acting;
    const current = booksOf(workspaceId);
    const { description, referenceId } = about;
    const name = {
      workspaceId,
      id: newId(),
      description,
      referenceId,
      createdBy: acting.actorId,
      createdAt: sheet.now,
    };
    const unsealed = { ...entry, ...name };
    const row = { ...unsealed, hash: entryHash(current.account.headHash, unsealed) };
    keep(workspaceId, { ...current, account: { ...current.account, headHash: row.hash } });
    entries.push(row);
    const after = Number(row.balanceAfter);
    const change = {
      before: { balance: after - Number(row.amount) },
      after: { balance: after, transactionId: row.id },
    };
    // The event of an entry has the entry's own id.
    tell(acting, event ? event(row) : entryEvent(row, current.account), change, row.id);
    return row;
  }

  /** Appends steps to the journal of a hold, which stands as `row` then. */
  function journal(acting: ActingIn, row: HoldRow, steps: readonly HoldStep[]): void {
    const name = inWorkspace(row.workspaceId, row.id);
    (sheet.holds.has(name) ? changedHolds : newHolds).add(name);
    holds.set(name, row);
    for (const step of steps) {
      holdSteps.push({ ...step, workspaceId: row.workspaceId, holdId: row.id, createdBy: acting.actorId });
    }
  }

  /** Opens a recharge; its id is the answer. */
  function openRecharge(workspaceId: string): string {
    const id = newId();
    const current = booksOf(workspaceId);
    keep(workspaceId, { ...current, account: { ...current.account, openRechargeId: id } });
    recharges.push({ workspaceId, id });
    return id;
  }

  /** What there is to write. */
  function changes(): Changes {
    const grants = [...books].flatMap(([workspaceId, { grants: list }]) =>
      list.map((grant) => ({ ...grant, workspaceId })),
    );
    const known = new Map(
      [...sheet.books].map(([workspaceId, { grants: list }]) => [
        workspaceId,
        new Map(list.map((grant) => [grant.seq, grant])),
      ]),
    );
    const before = (grant: { workspaceId: string; seq: bigint }) => known.get(grant.workspaceId)?.get(grant.seq);
    const rows = (names: ReadonlySet<string>): HoldRow[] =>
      [...names].flatMap((name) => {
        const row = holds.get(name);
        return row ? [row] : [];
      });
    return {
      at: sheet.now,
      accounts,
      entries,
      newGrants: grants.filter((grant) => before(grant) === undefined),
      changedGrants: grants.filter((grant) => {
        const was = before(grant);
        // What is given back and expires at once leaves as much as before.
        return was !== undefined && (was.remaining !== grant.remaining || was.expired !== grant.expired);
      }),
      newHolds: rows(newHolds),
      changedHolds: rows(changedHolds),
      holdSteps,
      recharges,
      answers,
      recordings,
    };
  }

  return {
    has: (workspaceId: string): boolean => books.has(workspaceId),
    booksOf,
    holdOf: (workspaceId: string, id: string): HoldRow | undefined => holds.get(inWorkspace(workspaceId, id)),
    ...{ keep, tell, write, journal, openRecharge, changes },
    keepAnswer: (answer: KeptVerdict): void => void answers.push(answer),
  };
}

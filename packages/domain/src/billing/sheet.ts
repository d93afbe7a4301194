import type { CreditTransaction } from '@morket/contract/billing';
import type { Answers, NewAnswer } from '../idempotency/index.ts';
import type { Recording } from '../record/index.ts';
import type { Account } from './account.model.ts';
import type { Books } from './books.model.ts';
import type { Verdict } from './command.ts';
import type { HashedEntry } from './entry-hash.model.ts';
import type { Grant } from './grant.model.ts';
import type { Hold, HoldStep } from './hold.model.ts';
import type { Original } from './movement.model.ts';

export type HoldRow = Hold & {
  readonly workspaceId: string;
  readonly description: string;
  readonly referenceId: string | null;
  readonly createdBy: string;
  readonly createdAt: Date;
};

/** Everything a batch of commands has to know, read while its accounts are locked. */
export type Sheet = {
  readonly now: Date;
  /** By workspace; a workspace whose account is closed or missing is not there. */
  readonly books: ReadonlyMap<string, Books>;
  /** The holds that commands name, and all that are overdue, by `inWorkspace`. */
  readonly holds: ReadonlyMap<string, HoldRow>;
  /** The entries to be reversed, by `inWorkspace`. */
  readonly originals: ReadonlyMap<string, Original>;
  readonly answers: Answers;
  /** The entries that those answers speak of, by `inWorkspace`. */
  readonly transactions: ReadonlyMap<string, CreditTransaction>;
};

export type EntryRow = HashedEntry & { readonly hash: string };
export type StepRow = HoldStep & {
  readonly workspaceId: string;
  readonly holdId: string;
  readonly createdBy: string | null;
};

/** A verdict to be kept under its key. */
export type KeptVerdict = NewAnswer & { readonly answer: Verdict };

/** What a batch writes. */
export type Changes = {
  readonly at: Date;
  readonly accounts: ReadonlyMap<string, Account>;
  readonly entries: readonly EntryRow[];
  readonly newGrants: readonly (Grant & { readonly workspaceId: string })[];
  readonly changedGrants: readonly (Grant & { readonly workspaceId: string })[];
  readonly newHolds: readonly HoldRow[];
  readonly changedHolds: readonly HoldRow[];
  readonly holdSteps: readonly StepRow[];
  readonly recharges: readonly { readonly workspaceId: string; readonly id: string }[];
  readonly answers: readonly KeptVerdict[];
  readonly recordings: readonly Recording[];
};

/** The name of a thing inside its workspace, as a key of a map. */
export const inWorkspace = (workspaceId: string, id: string): string => `${workspaceId} ${id}`;

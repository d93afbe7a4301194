import { hash } from 'node:crypto';
import type { Entry } from './books.model.ts';

/** Everything of an entry that may never change. */
export type HashedEntry = Entry & {
  readonly workspaceId: string;
  readonly id: string;
  readonly description: string;
  readonly referenceId: string | null;
  readonly createdBy: string | null;
  readonly createdAt: Date;
};

/**
 * SHA-256, in hex, over an entry and the hash of the one before it: whoever changes an entry changes every hash behind it. The
 * migration that introduced the chain computes the same text in SQL.
 */
export function entryHash(previous: string | null, entry: HashedEntry): string {
  const { workspaceId, seq, id, type, amount, balanceAfter, description, referenceId, reversesId, holdId } = entry;
  const { createdBy, createdAt, grant, burns } = entry;
  const fields = [
    previous,
    workspaceId,
    Number(seq),
    id,
    type,
    Number(amount),
    Number(balanceAfter),
    description,
    referenceId,
    reversesId,
    holdId,
    createdBy,
    createdAt.getTime(),
    grant?.priority ?? null,
    grant?.expiresAt?.getTime() ?? null,
    burns.map((burn) => [Number(burn.grantSeq), Number(burn.amount)]).sort(([a = 0], [b = 0]) => a - b),
  ];
  return hash('sha256', JSON.stringify(fields), 'hex');
}

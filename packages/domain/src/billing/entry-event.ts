import {
  AutoRecharged,
  CreditsAdded,
  CreditsDebited,
  CreditsExpired,
  DebtRepaid,
  TransactionReversed,
} from '@morket/contract/billing';
import type { DomainEvent } from '@morket/contract/events';
import type { Account } from './account.model.ts';
import type { EntryRow } from './sheet.ts';

const BY_TYPE = {
  credit: CreditsAdded,
  debit: CreditsDebited,
  auto_recharge: AutoRecharged,
  expiry: CreditsExpired,
  debt_repayment: DebtRepaid,
} as const;

/** The event that tells of an entry; `after` is the account behind it. A capture is told as what happened to its hold instead. */
export function entryEvent(row: EntryRow, after: Account): DomainEvent {
  const { workspaceId, type, id: transactionId, referenceId, description, reversesId } = row;
  const movement = {
    transactionId,
    amount: Number(row.amount),
    balanceAfter: Number(row.balanceAfter),
    referenceId,
  };
  if (type !== 'reversal') return BY_TYPE[type](workspaceId, movement);
  if (reversesId === null) throw new Error('A reversal names what it reverses.');
  const debt = Number(after.debt);
  return TransactionReversed(workspaceId, { ...movement, reversesId, reason: description, debt });
}

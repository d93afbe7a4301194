import type { LedgerDivergence } from '@morket/contract/billing';
import type { Account } from './account.model.ts';
import { entryHash } from './entry-hash.model.ts';
import { type Grant, sumOf } from './grant.model.ts';
import type { EntryRow } from './sheet.ts';

/** What the projections say at the instant at which the account stood at entry `account.seq`. */
export type Snapshot = {
  readonly account: Account;
  /** Those with anything left, and those of which anything has expired. */
  readonly grants: readonly Grant[];
  /** The number of the last entry there is. */
  readonly lastSeq: bigint;
  readonly openHolds: number;
  readonly heldByHolds: bigint;
  /** The first hold whose journal tells another story than its row or its debits; null when all agree. */
  readonly strayHold: string | null;
};

/** What an entry before has to be known of it. */
type Seen = { readonly type: EntryRow['type']; readonly amount: bigint; readonly seq: bigint };

/**
 * Goes through a ledger from its first entry and derives everything anew. `read` takes the entries in order; `compare` holds the result
 * against the projections. Both give the first divergence, or null.
 */
export function createVerification() {
  let seq = 0n;
  let balance = 0n;
  let debt = 0n;
  let hash: string | null = null;
  const grants = new Map<bigint, { readonly amount: bigint; remaining: bigint; expired: bigint }>();
  const seen = new Map<string, Seen>();
  const reversed = new Set<string>();

  const at = (row: EntryRow, check: string, message: string): LedgerDivergence => ({
    check,
    message: `entry ${row.seq}: ${message}`,
    transactionId: row.id,
  });

  function readBurns(row: EntryRow): LedgerDivergence | null {
    let sum = 0n;
    for (const { grantSeq, amount } of row.burns) {
      const grant = grants.get(grantSeq);
      if (!grant) return at(row, 'burns', `it takes from entry ${grantSeq}, which granted nothing`);
      grant.remaining -= amount;
      if (row.type === 'expiry') grant.expired += amount;
      sum += amount;
      if (grant.remaining < 0n || grant.remaining > grant.amount) {
        return at(
          row,
          'burns',
          `it leaves ${grant.remaining} of the ${grant.amount} credits that entry ${grantSeq} granted`,
        );
      }
    }
    const wanted = row.grant ? 0n : -row.amount;
    return sum === wanted ? null : at(row, 'burns', `it moves ${row.amount} credits and takes ${sum} from its grants`);
  }

  function readReversal(row: EntryRow): LedgerDivergence | null {
    const original = row.reversesId === null ? undefined : seen.get(row.reversesId);
    if (!original) return at(row, 'reversal', 'it reverses no entry before it');
    if (reversed.has(row.reversesId ?? '')) return at(row, 'reversal', `entry ${original.seq} is reversed twice`);
    reversed.add(row.reversesId ?? '');
    if (original.amount < 0n) {
      const isWhole = original.type === 'debit' && row.amount === -original.amount;
      return isWhole ? null : at(row, 'reversal', `it gives ${row.amount} credits back for ${original.amount}`);
    }
    const owed = original.amount - (grants.get(original.seq)?.expired ?? 0n);
    if (row.amount > 0n || -row.amount > owed) {
      return at(row, 'reversal', `it takes ${-row.amount} credits where ${owed} were given`);
    }
    debt += owed + row.amount;
    return null;
  }

  function read(row: EntryRow): LedgerDivergence | null {
    if (row.seq !== seq + 1n) return at(row, 'sequence', `it follows entry ${seq}`);
    if (row.balanceAfter !== balance + row.amount) {
      return at(
        row,
        'balance_after',
        `it says ${row.balanceAfter} credits, the entries come to ${balance + row.amount}`,
      );
    }
    if (row.balanceAfter < 0n) return at(row, 'balance_after', 'the balance is negative');
    const expected = entryHash(hash, row);
    if (row.hash !== expected) return at(row, 'hash', 'it is not what was written, or an entry before it is not');
    seq = row.seq;
    balance = row.balanceAfter;
    hash = row.hash;
    if (row.grant) grants.set(row.seq, { amount: row.amount, remaining: row.amount, expired: 0n });
    seen.set(row.id, { type: row.type, amount: row.amount, seq: row.seq });
    const divergence = readBurns(row) ?? (row.type === 'reversal' ? readReversal(row) : null);
    if (divergence) return divergence;
    if (row.type === 'debt_repayment') debt += row.amount;
    return debt < 0n ? at(row, 'debt', `it pays ${-debt} credits more than are owed`) : null;
  }

  function compare({ account, lastSeq, grants: rows, heldByHolds, strayHold }: Snapshot): LedgerDivergence | null {
    const differs = (check: string, message: string): LedgerDivergence => ({ check, message, transactionId: null });
    if (account.seq !== lastSeq) {
      return differs('sequence', `the account is at entry ${account.seq}, the ledger ends at ${lastSeq}`);
    }
    if (account.seq !== seq)
      return differs('sequence', `the account is at entry ${account.seq}, the ledger ends at ${seq}`);
    if (account.balance !== balance) {
      return differs('balance', `the account has ${account.balance} credits, the entries come to ${balance}`);
    }
    if (account.headHash !== hash) return differs('hash', 'the account knows another last entry than the ledger');
    if (account.debt !== debt)
      return differs('debt', `the account owes ${account.debt} credits, the entries come to ${debt}`);
    if (account.held !== heldByHolds) {
      return differs('held', `the account holds ${account.held} credits, its open holds come to ${heldByHolds}`);
    }
    if (account.balance < account.held) return differs('held', 'more is held than there is');
    if (strayHold !== null) return differs('holds', `hold ${strayHold} is not what its journal tells`);
    const open = new Map(rows.map((grant) => [grant.seq, grant]));
    for (const [grantSeq, { remaining, amount, expired }] of grants) {
      const row = open.get(grantSeq);
      if ((row?.remaining ?? 0n) !== remaining || (row?.expired ?? 0n) !== expired || (row && row.amount !== amount)) {
        return differs(
          'grants',
          `entry ${grantSeq} has ${row?.remaining ?? 0n} credits left, its burns leave ${remaining}`,
        );
      }
      open.delete(grantSeq);
    }
    const [stray] = open.keys();
    if (stray !== undefined) return differs('grants', `entry ${stray} granted nothing, and has credits left`);
    if (sumOf(rows) !== account.balance) return differs('grants', 'the open grants do not come to the balance');
    return null;
  }

  return { read, compare, entries: () => Number(seq), headHash: () => hash };
}

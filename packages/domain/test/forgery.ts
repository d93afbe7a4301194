import fc from 'fast-check';
import { entryHash } from '../src/billing/entry-hash.model.ts';
import type { EntryRow } from '../src/billing/sheet.ts';
import { createVerification, type Snapshot } from '../src/billing/verify.model.ts';
import { anAccount, createLab } from './ledger-lab.ts';
import { FIRST, history, instantsOf } from './ledger-moves.ts';

/** The ledger of one account and what its projections say. */
export type History = { readonly entries: readonly EntryRow[]; readonly snapshot: Snapshot };

/** One that commands made, with at least two entries, and a place to forge something at. */
export const honest: fc.Arbitrary<History & { readonly place: number }> = fc
  .tuple(history, fc.nat())
  .map(([list, place]) => {
    const lab = createLab();
    lab.open(FIRST, anAccount());
    for (const { items, now } of instantsOf(list, lab)) lab.apply(items, now);
    return { entries: lab.entriesOf(FIRST), snapshot: lab.snapshotOf(FIRST), place };
  })
  .filter(({ entries }) => entries.length > 1);

/** The check that fails and the number of the entry that is named; null when all is well. */
export function findingOf({ entries, snapshot }: History): { check: string; seq: bigint | null } | null {
  const verification = createVerification();
  const seqOf = (id: string | null) => entries.find((entry) => entry.id === id)?.seq ?? null;
  for (const entry of entries.toSorted((a, b) => (a.seq < b.seq ? -1 : 1))) {
    const found = verification.read(entry);
    if (found) return { check: found.check, seq: seqOf(found.transactionId) };
  }
  const found = verification.compare(snapshot);
  return found && { check: found.check, seq: seqOf(found.transactionId) };
}

export const withAccount = (given: History, change: Partial<Snapshot['account']>): History => ({
  ...given,
  snapshot: { ...given.snapshot, account: { ...given.snapshot.account, ...change } },
});

export const withEntry = (given: History, seq: bigint, change: Partial<EntryRow>): History => ({
  ...given,
  entries: given.entries.map((entry) => (entry.seq === seq ? { ...entry, ...change } : entry)),
});

/** By a forger who knows how hashes are made: every one is made anew, and the account is told the last. */
export function sealedAnew(given: History): History {
  let previous: string | null = null;
  const entries = given.entries.map((entry) => {
    previous = entryHash(previous, entry);
    return { ...entry, hash: previous };
  });
  return withAccount({ ...given, entries }, { headHash: previous });
}

/** The first answer that is not null, of the entries from `place` on and then from the first: a forger takes what can be forged. */
export function firstOf<Found>(
  { entries, place }: History & { readonly place: number },
  find: (entry: EntryRow) => Found | null,
): { readonly entry: EntryRow; readonly found: Found } | null {
  const at = place % entries.length;
  for (const entry of [...entries.slice(at), ...entries.slice(0, at)]) {
    const found = find(entry);
    if (found !== null) return { entry, found };
  }
  return null;
}

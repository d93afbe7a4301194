import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findingOf, firstOf, type History, honest, sealedAnew, withAccount, withEntry } from '../../test/forgery.ts';
import type { EntryRow } from './sheet.ts';
import type { Snapshot } from './verify.model.ts';

const RUNS = { numRuns: 250 };
const ENOUGH = 5;
const NOBODY = '019aa2c4-4444-7cc3-98a5-000000000000';

/** Counts how often a forgery could be tried; one that never can proves nothing. */
function tally(names: readonly string[]) {
  const counts = new Map(names.map((name) => [name, 0]));
  return {
    count: (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1),
    expectEnough: () => {
      for (const [name, count] of counts) expect(count, `${name}: ${count}`).toBeGreaterThan(ENOUGH);
    },
  };
}

/** Invariant: a history that commands made is intact, also when somebody who changed nothing seals it anew. */
test('an honest history passes', () => {
  fc.assert(
    fc.property(honest, ({ entries, snapshot }) => {
      expect(findingOf({ entries, snapshot })).toBeNull();
      expect(sealedAnew({ entries, snapshot })).toEqual({ entries, snapshot });
    }),
    RUNS,
  );
});

const CHANGES: readonly [string, string, (entry: EntryRow) => Partial<EntryRow> | null][] = [
  ['its amount', 'balance_after', ({ amount }) => ({ amount: amount + 1n })],
  ['the balance it names', 'balance_after', ({ balanceAfter }) => ({ balanceAfter: balanceAfter + 1n })],
  ['its description', 'hash', ({ description }) => ({ description: `${description}!` })],
  ['its reference', 'hash', () => ({ referenceId: 'another' })],
  ['who made it', 'hash', () => ({ createdBy: NOBODY })],
  ['when it was made', 'hash', ({ createdAt }) => ({ createdAt: new Date(createdAt.getTime() - 1) })],
  ['its id', 'hash', () => ({ id: NOBODY })],
  ['its workspace', 'hash', () => ({ workspaceId: NOBODY })],
  ['its type', 'hash', ({ type }) => ({ type: type === 'debit' ? 'expiry' : 'debit' })],
  ['what it reverses', 'hash', ({ reversesId }) => (reversesId === null ? null : { reversesId: NOBODY })],
  ['its hold', 'hash', ({ holdId }) => ({ holdId: holdId === null ? NOBODY : null })],
  ['its hash', 'hash', ({ hash }) => ({ hash: hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) })],
  [
    'from what it burns',
    'hash',
    ({ burns: [one, ...rest] }) => (one ? { burns: [{ ...one, grantSeq: 999n }, ...rest] } : null),
  ],
  [
    'how much it burns',
    'hash',
    ({ burns: [one, ...rest] }) => (one ? { burns: [{ ...one, amount: one.amount + 1n }, ...rest] } : null),
  ],
  ['that it burns', 'hash', ({ burns }) => (burns.length > 0 ? { burns: burns.slice(1) } : null)],
  ['the priority it grants', 'hash', ({ grant }) => grant && { grant: { ...grant, priority: grant.priority + 1 } }],
  ['until when it grants', 'hash', ({ grant }) => grant && { grant: { ...grant, expiresAt: new Date(1) } }],
  ['that it grants', 'hash', ({ grant }) => grant && { grant: null }],
];

describe('an entry is found', () => {
  /** Invariant: whatever is changed in one entry, that entry is the one reported, for what is wrong with it. */
  test('that was changed', () => {
    const tried = tally(CHANGES.map(([name]) => name));
    fc.assert(
      fc.property(honest, (given) => {
        for (const [name, check, change] of CHANGES) {
          const forged = firstOf(given, change);
          if (!forged) continue;
          const { entry, found } = forged;
          expect(findingOf(withEntry(given, entry.seq, found)), name).toEqual({ check, seq: entry.seq });
          tried.count(name);
        }
      }),
      RUNS,
    );
    tried.expectEnough();
  });

  /** Invariant: an entry that is gone is found by the gap it leaves, the last one by the account's number. */
  test('that is gone', () => {
    fc.assert(
      fc.property(honest, (given) => {
        for (const [at, { seq }] of given.entries.entries()) {
          const isLast = at === given.entries.length - 1;
          const entries = given.entries.toSpliced(at, 1);
          expect(findingOf({ ...given, entries })).toEqual({ check: 'sequence', seq: isLast ? null : seq + 1n });
        }
      }),
      RUNS,
    );
  });

  /** Invariant: two neighbours that changed places are found at the first of them. */
  test('that changed places with the next', () => {
    fc.assert(
      fc.property(honest, (given) => {
        const at = given.place % (given.entries.length - 1);
        const [first, second] = given.entries.slice(at, at + 2);
        if (!first || !second) throw new Error('There are two entries at least.');
        const entries = given.entries.toSpliced(at, 2, { ...second, seq: first.seq }, { ...first, seq: second.seq });
        // Each names the balance behind the other; only one of nothing leaves that as it is.
        const check = first.amount === 0n ? 'hash' : 'balance_after';
        expect(findingOf({ ...given, entries })).toEqual({ check, seq: first.seq });
      }),
      RUNS,
    );
  });
});

const TARGETS: readonly [string, (given: History, reversal: EntryRow) => string | null][] = [
  ['nothing', () => NOBODY],
  ['itself', (_, { id }) => id],
  ['an entry behind it', ({ entries }, { seq }) => entries.find((entry) => entry.seq > seq)?.id ?? null],
  [
    'an entry that is reversed already',
    ({ entries }, { seq }) => entries.find((entry) => entry.seq < seq && entry.type === 'reversal')?.reversesId ?? null,
  ],
  [
    'one of another kind',
    ({ entries }, { reversesId, seq }) => {
      const isDebit = entries.find(({ id }) => id === reversesId)?.type === 'debit';
      const isOther = (entry: EntryRow) =>
        entry.seq < seq && entry.amount !== 0n && (entry.type === 'debit') !== isDebit;
      return entries.find(isOther)?.id ?? null;
    },
  ],
];

describe('a forger who makes all hashes anew is found', () => {
  /** Invariant: the account knows the last hash, so that not even a word can be changed unseen. */
  test('by the last hash', () => {
    fc.assert(
      fc.property(honest, (given) => {
        const at = BigInt((given.place % given.entries.length) + 1);
        const forged = sealedAnew(withEntry(given, at, { description: 'innocent' }));
        expect(findingOf({ ...forged, snapshot: given.snapshot })).toEqual({ check: 'hash', seq: null });
      }),
      RUNS,
    );
  });

  /** Invariant: an amount that is changed together with every balance behind it no longer fits its burns, or the grant it made. */
  test('by burns and grants', () => {
    fc.assert(
      fc.property(honest, (given) => {
        const at = given.place % given.entries.length;
        const entries = given.entries.map((one, index) => ({
          ...one,
          amount: index === at ? one.amount + 1n : one.amount,
          balanceAfter: index >= at ? one.balanceAfter + 1n : one.balanceAfter,
        }));
        const forged = withAccount({ ...given, entries }, { balance: given.snapshot.account.balance + 1n });
        const found = findingOf(sealedAnew(forged));
        if (given.entries[at]?.grant) expect(['grants', 'reversal', 'debt']).toContain(found?.check);
        else expect(found).toEqual({ check: 'burns', seq: BigInt(at + 1) });
      }),
      RUNS,
    );
  });

  /** Invariant: a reversal points to one entry before it that it can be the reversal of, and that no other one points to. */
  test('by what a reversal points to', () => {
    const tried = tally(TARGETS.map(([name]) => name));
    fc.assert(
      fc.property(honest, (given) => {
        for (const [name, target] of TARGETS) {
          const isReversal = ({ type, amount }: EntryRow) => type === 'reversal' && amount !== 0n;
          const reversal = given.entries.find((entry) => isReversal(entry) && target(given, entry) !== null);
          if (!reversal) continue;
          const reversesId = target(given, reversal);
          const forged = sealedAnew(withEntry(given, reversal.seq, { reversesId }));
          expect(findingOf(forged), name).toEqual({ check: 'reversal', seq: reversal.seq });
          tried.count(name);
        }
      }),
      { numRuns: 600 },
    );
    tried.expectEnough();
  });
});

const withSnapshot = (given: History, change: Partial<Snapshot>): History => ({
  ...given,
  snapshot: { ...given.snapshot, ...change },
});
const withGrant = (given: History, change: Partial<Snapshot['grants'][number]>): History | null => {
  const [grant, ...rest] = given.snapshot.grants;
  return grant ? withSnapshot(given, { grants: [{ ...grant, ...change }, ...rest] }) : null;
};

const PROJECTIONS: readonly [string, string, (given: History) => History | null][] = [
  ['the balance', 'balance', (given) => withAccount(given, { balance: given.snapshot.account.balance + 1n })],
  ['what is held', 'held', (given) => withAccount(given, { held: given.snapshot.account.held + 1n })],
  ['what is owed', 'debt', (given) => withAccount(given, { debt: given.snapshot.account.debt + 1n })],
  ['the number of the last entry', 'sequence', (given) => withAccount(given, { seq: given.snapshot.account.seq + 1n })],
  ['the last hash', 'hash', (given) => withAccount(given, { headHash: '0'.repeat(64) })],
  ['that there is a last hash', 'hash', (given) => withAccount(given, { headHash: null })],
  ['the holds', 'held', (given) => withSnapshot(given, { heldByHolds: -1n })],
  ['the story of a hold', 'holds', (given) => withSnapshot(given, { strayHold: 'a hold' })],
  ['a grant that nobody made', 'grants', (given) => withGrant(given, { seq: 999n })],
  ['what a grant began with', 'grants', (given) => withGrant(given, { amount: 999n })],
  ['what a grant has left', 'grants', (given) => withGrant(given, { remaining: 999n })],
  [
    'that a grant is open',
    'grants',
    (given) =>
      given.snapshot.grants.length > 0 ? withSnapshot(given, { grants: given.snapshot.grants.slice(1) }) : null,
  ],
  [
    'more that is held than there is, by account and holds alike',
    'held',
    (given) => {
      const held = given.snapshot.account.balance + 1n;
      return withSnapshot(withAccount(given, { held }), { heldByHolds: held });
    },
  ],
];

/** Invariant: whatever a projection says other than its history is reported as that, and no entry is blamed for it. */
test('a projection that was changed is found', () => {
  const tried = tally(PROJECTIONS.map(([name]) => name));
  fc.assert(
    fc.property(honest, (given) => {
      for (const [name, check, change] of PROJECTIONS) {
        const forged = change(given);
        if (!forged) continue;
        expect(findingOf(forged), name).toEqual({ check, seq: null });
        tried.count(name);
      }
    }),
    RUNS,
  );
  tried.expectEnough();
});

import { expect, test } from 'vitest';
import { anAccount, anItem, createLab, workspaceNo } from '../../test/ledger-lab.ts';
import type { Command } from './command.ts';
import { createVerification } from './verify.model.ts';

const HERE = workspaceNo(1);
const START = new Date('2026-03-15T12:00:00Z');
const at = (ms: number) => new Date(START.getTime() + ms);
const about = { description: 'x', referenceId: null };

/** One account; `ask` gives the outcome of one command and leaves the books as it makes them. */
function aBook() {
  const lab = createLab();
  lab.open(HERE, anAccount());
  const ask = (command: Command, ms: number) => lab.apply([anItem(HERE, command)], at(ms))[0];
  const credit = (amount: bigint, expiresAt: Date | null, ms: number) =>
    ask({ kind: 'credit', type: 'credit', amount, priority: 50, expiresAt, ...about }, ms);
  const reverse = (seq: number, ms: number) => {
    const transactionId = lab.entriesOf(HERE)[seq - 1]?.id ?? '';
    return ask({ kind: 'reverse', transactionId, reason: 'a mistake' }, ms);
  };
  const moves = () => lab.entriesOf(HERE).map(({ type, amount }) => `${type} ${amount}`);
  function divergence() {
    const verification = createVerification();
    for (const entry of lab.entriesOf(HERE)) {
      const found = verification.read(entry);
      if (found) return found;
    }
    return verification.compare(lab.snapshotOf(HERE));
  }
  return { lab, ask, credit, reverse, moves, divergence };
}

test('what expires as soon as it is given back is known to have expired: nobody owes it', () => {
  const { lab, ask, credit, reverse, moves, divergence } = aBook();
  credit(40n, at(1_000), 0);
  ask({ kind: 'debit', amount: 5n, ...about }, 1);
  credit(100n, null, 2_000);
  reverse(2, 2_001);
  expect(lab.grantsOf(HERE)).toMatchObject([{ amount: 40n, remaining: 0n, expired: 40n }, { amount: 100n }]);
  reverse(1, 2_002);
  expect(moves()).toEqual([
    ...['credit 40', 'debit -5', 'expiry -35', 'credit 100'],
    ...['reversal 5', 'expiry -5', 'reversal 0'],
  ]);
  expect(lab.snapshotOf(HERE).account).toMatchObject({ balance: 100n, debt: 0n });
  expect(divergence()).toBeNull();
});

test('a credit that expired unseen is not owed when it is reversed', () => {
  const { lab, credit, reverse, moves, divergence } = aBook();
  credit(40n, at(1_000), 0);
  credit(30n, null, 1);
  reverse(1, 2_000);
  expect(moves()).toEqual(['credit 40', 'credit 30', 'expiry -40', 'reversal 0']);
  expect(lab.snapshotOf(HERE).account).toMatchObject({ balance: 30n, debt: 0n });
  expect(divergence()).toBeNull();
});

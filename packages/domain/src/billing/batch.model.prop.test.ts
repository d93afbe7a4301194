import { DomainError } from '@morket/contract/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anAccount, createLab, type Lab } from '../../test/ledger-lab.ts';
import { CLOSED, FIRST, history, type Instant, instantsOf, SECOND } from '../../test/ledger-moves.ts';
import type { Outcome } from './batch.model.ts';
import type { Item } from './command.ts';
import { answerOf } from './ledger.ts';
import { createVerification } from './verify.model.ts';

const RUNS = { numRuns: 300 };

/** Two accounts with credits, one of them limited and with a rule of automatic recharge, and one that is closed. */
function aLab(): Lab {
  const lab = createLab();
  const rule = { autoRecharge: true, autoRechargeThreshold: 8n, autoRechargeAmount: 50n };
  lab.open(FIRST, anAccount());
  lab.open(SECOND, anAccount({ ...rule, creditLimit: 45n }));
  lab.open(CLOSED, anAccount());
  lab.close(CLOSED);
  return lab;
}

/** What whoever asked is told: the answer as it is read back when it is a replay, or the error. */
function toldBy({ command }: Item, outcome: Outcome): unknown {
  try {
    return answerOf(command.kind, outcome);
  } catch (err) {
    if (err instanceof DomainError) return { code: err.code, details: err.details };
    throw err;
  }
}

/** Splits items into batches of the sizes given, in turn. */
function inBatches(items: readonly Item[], sizes: readonly number[]): Item[][] {
  const batches: Item[][] = [];
  for (let from = 0, turn = 0; from < items.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    batches.push(items.slice(from, from + size));
    from += size;
  }
  return batches;
}

function play(list: readonly Instant[], sizes: readonly number[]) {
  const lab = aLab();
  const told: unknown[] = [];
  const asked: Item[] = [];
  for (const { items, now } of instantsOf(list, lab)) {
    for (const batch of inBatches(items, sizes)) {
      const outcomes = lab.apply(batch, now);
      for (const [index, item] of batch.entries()) {
        const outcome = outcomes[index];
        if (!outcome) throw new Error('Each item has its outcome.');
        told.push(toldBy(item, outcome));
        asked.push(item);
      }
    }
  }
  return { lab, told, asked };
}

const WHOLE = [1_000];
const SINGLY = [1];

/**
 * Invariant: commands decided as one batch, as several, or one by one, in the same order and at the same instants, are answered alike,
 * and leave the same accounts, entries, grants, holds, kept answers, events and audit entries.
 */
test('one batch, several, and single commands come to the same', () => {
  fc.assert(
    fc.property(history, fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }), (list, sizes) => {
      const [whole, parts, single] = [WHOLE, sizes, SINGLY].map((split) => play(list, split));
      expect(parts?.told).toEqual(whole?.told);
      expect(single?.told).toEqual(whole?.told);
      expect(parts?.lab.state()).toEqual(whole?.lab.state());
      expect(single?.lab.state()).toEqual(whole?.lab.state());
    }),
    RUNS,
  );
});

/**
 * Invariant: under one key there is one answer, granted or refused, whoever comes with it and in whichever batch; the same key with
 * another meaning is refused, and moves nothing.
 */
test('twins are told the same, and others under their key are refused', () => {
  fc.assert(
    fc.property(history, fc.constantFrom(WHOLE, SINGLY, [3]), (list, sizes) => {
      const { told, asked } = play(list, sizes);
      const first = new Map<string, { meaning: string; answer: unknown }>();
      for (const [index, { acting, keyed }] of asked.entries()) {
        if (!keyed || (acting.workspaceId !== FIRST && acting.workspaceId !== SECOND)) continue;
        const name = `${acting.workspaceId} ${keyed.procedure} ${keyed.key}`;
        const meaning = keyed.fingerprint;
        const known = first.get(name);
        if (!known) first.set(name, { meaning, answer: told[index] });
        else if (known.meaning === meaning) expect(told[index]).toEqual(known.answer);
        else {
          expect(told[index]).toEqual({ code: 'idempotency.mismatch', details: { idempotencyKey: keyed.key } });
        }
      }
    }),
    RUNS,
  );
});

/** Invariant: a closed workspace, or one that is not there, is told so, whatever it asks, and holds up nobody else in the batch. */
test('a closed workspace moves nothing and disturbs nobody', () => {
  fc.assert(
    fc.property(history, (list) => {
      const { told, asked, lab } = play(list, WHOLE);
      const isOpen = ({ acting }: Item) => acting.workspaceId === FIRST || acting.workspaceId === SECOND;
      for (const [index, item] of asked.entries()) {
        const forbidden = { code: 'access.forbidden', details: {} };
        if (isOpen(item)) expect(told[index]).not.toEqual(forbidden);
        else expect(told[index]).toEqual(forbidden);
      }
      expect(lab.entriesOf(CLOSED)).toEqual([]);
      const without = list.map(({ afterMs, asks }) => ({
        afterMs,
        asks: asks.filter(({ workspace }) => workspace < 2),
      }));
      expect(play(without, WHOLE).told).toEqual(told.filter((_, index) => asked[index] && isOpen(asked[index])));
    }),
    RUNS,
  );
});

/**
 * Invariant: every history that commands can make is one that the verification finds intact; one event and one audit entry tell of
 * every entry; and at most one recharge is opened while nobody settles it.
 */
test('what a batch writes stands up to the verification', () => {
  fc.assert(
    fc.property(history, fc.constantFrom(WHOLE, SINGLY), (list, sizes) => {
      const { lab } = play(list, sizes);
      const { recordings, recharges, entries } = lab.state();
      for (const workspaceId of [FIRST, SECOND]) {
        const verification = createVerification();
        for (const entry of lab.entriesOf(workspaceId)) expect(verification.read(entry)).toBeNull();
        expect(verification.compare(lab.snapshotOf(workspaceId))).toBeNull();
      }
      const toldOf = recordings.flatMap(({ event: { payload } }) =>
        'transactionId' in payload ? [payload.transactionId] : [],
      );
      expect(toldOf).toEqual(entries.map(({ id }) => id));
      expect(recharges.length).toBeLessThanOrEqual(1);
    }),
    RUNS,
  );
});

describe('the histories that are tried', () => {
  test('reach every kind of entry and every refusal that commands can meet', () => {
    const seen = new Set<string>();
    for (const list of fc.sample(history, { numRuns: 400, seed: 11 })) {
      const { lab, told, asked } = play(list, WHOLE);
      for (const { type } of lab.state().entries) seen.add(type);
      for (const { event } of lab.state().recordings) seen.add(event.name);
      for (const [index, one] of told.entries()) {
        if (typeof one === 'object' && one !== null && 'code' in one)
          seen.add(`${asked[index]?.command.kind}: ${one.code}`);
      }
    }
    const wanted = [
      ...['credit', 'debit', 'reversal', 'expiry', 'debt_repayment'],
      ...['billing.balance_low', 'billing.balance_depleted', 'billing.recharge_opened'],
      ...['billing.hold_opened', 'billing.hold_captured', 'billing.hold_released', 'billing.hold_expired'],
      ...['debit: billing.insufficient_credits', 'debit: billing.credit_limit_reached', 'debit: idempotency.mismatch'],
      ...['hold: billing.insufficient_credits', 'capture: billing.hold_resolved', 'capture: billing.hold_not_found'],
      ...['capture: billing.capture_exceeds_hold', 'release: billing.hold_resolved', 'reverse: billing.not_reversible'],
      ...['reverse: billing.transaction_not_found', 'credit: access.forbidden'],
    ];
    for (const one of wanted) expect(seen).toContain(one);
  });
});

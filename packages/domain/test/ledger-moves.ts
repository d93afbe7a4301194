import fc from 'fast-check';
import type { Item } from '../src/billing/command.ts';
import { anItem, type Lab, workspaceNo } from './ledger-lab.ts';

/** A command that names holds and entries by their place, counted from the latest. `key` null: none. */
type Ask = { readonly workspace: number; readonly key: number | null } & (
  | { readonly kind: 'credit'; readonly amount: bigint; readonly priority: number; readonly livesMs: number | null }
  | { readonly kind: 'debit'; readonly amount: bigint }
  | { readonly kind: 'hold'; readonly amount: bigint; readonly lifetimeSeconds: number }
  | { readonly kind: 'capture'; readonly which: number; readonly amount: bigint; readonly final: boolean }
  | { readonly kind: 'release' | 'reverse'; readonly which: number }
  | { readonly kind: 'settle' }
);
/** What is asked at one instant, some time after the one before. */
export type Instant = { readonly afterMs: number; readonly asks: readonly Ask[] };

/** Two workspaces, one that is closed, one that never was. */
export const [FIRST, SECOND, CLOSED] = [0, 1, 2].map(workspaceNo) as [string, string, string]; // three of three

const is = <Kind extends string>(kind: Kind) => fc.constant(kind);
// Few amounts and few keys: twins, and others that mean something else by the same key, must meet.
const amount = fc.constantFrom(5n, 10n, 40n);
const base = {
  workspace: fc.constantFrom(0, 0, 0, 1, 1, 2, 3),
  key: fc.constantFrom(null, null, 1, 2, 3),
};
const which = fc.nat(2);
const ask: fc.Arbitrary<Ask> = fc.oneof(
  fc.record({ ...base, kind: is('credit'), amount, priority: fc.nat(1), livesMs: fc.constantFrom(null, 900, 2_000) }),
  fc.record({ ...base, kind: is('debit'), amount }),
  fc.record({ ...base, kind: is('hold'), amount, lifetimeSeconds: fc.constantFrom(1, 3) }),
  fc.record({ ...base, kind: is('capture'), which, amount, final: fc.boolean() }),
  fc.record({ ...base, kind: is('release'), which }),
  fc.record({ ...base, kind: is('reverse'), which }),
  fc.record({ ...base, key: is(null as never), kind: is('settle') }),
);
export const history: fc.Arbitrary<readonly Instant[]> = fc.array(
  fc.record({
    afterMs: fc.constantFrom(0, 300, 1_100),
    asks: fc.array(ask, { minLength: 1, maxLength: 10, size: 'max' }),
  }),
  { minLength: 1, maxLength: 6, size: 'max' },
);

const START = new Date('2026-03-31T23:59:58.000Z'); // a billing cycle ends on the way
const UNKNOWN = '019aa2c4-3333-7cc3-98a5-000000000000';

/** The items of each instant, and when it is. What a name stands for is settled before anything of its instant happens. */
export function* instantsOf(list: readonly Instant[], lab: Lab): Generator<{ items: Item[]; now: Date }> {
  let now = START;
  for (const { afterMs, asks } of list) {
    now = new Date(now.getTime() + afterMs);
    const at = now;
    yield { items: asks.map((one) => toItem(one, lab, at)), now };
  }
}

function toItem(asked: Ask, lab: Lab, now: Date): Item {
  const workspaceId = workspaceNo(asked.workspace);
  const key = asked.key === null ? null : `key-number-${asked.key}`;
  const about = { description: 'x', referenceId: null };
  const holdId = 'which' in asked ? (lab.holdsOf(workspaceId).at(-1 - asked.which)?.id ?? UNKNOWN) : UNKNOWN;
  switch (asked.kind) {
    case 'credit': {
      const expiresAt = asked.livesMs === null ? null : new Date(now.getTime() + asked.livesMs);
      const { kind, priority } = asked;
      return anItem(workspaceId, { kind, type: 'credit', amount: asked.amount, priority, expiresAt, ...about }, key);
    }
    case 'debit':
      return anItem(workspaceId, { kind: 'debit', amount: asked.amount, ...about }, key);
    case 'hold': {
      const { lifetimeSeconds } = asked;
      return anItem(workspaceId, { kind: 'hold', amount: asked.amount, lifetimeSeconds, ...about }, key);
    }
    case 'capture':
      return anItem(
        workspaceId,
        { kind: 'capture', holdId, amount: asked.amount, final: asked.final, description: null },
        key,
      );
    case 'release':
      return anItem(workspaceId, { kind: 'release', holdId }, key);
    case 'reverse': {
      const transactionId = lab.entriesOf(workspaceId).at(-1 - asked.which)?.id ?? UNKNOWN;
      return anItem(workspaceId, { kind: 'reverse', transactionId, reason: 'a mistake' }, key);
    }
    case 'settle':
      return anItem(workspaceId, { kind: 'settle' });
  }
}

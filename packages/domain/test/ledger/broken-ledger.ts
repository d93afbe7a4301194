import type { LedgerSubject } from './ledger-commands.ts';
import { ask, recharge } from './ledger-model.ts';
import { balanceOf, heldOf, type LedgerState, settle } from './ledger-model-books.ts';

/**
 * A ledger as one writes it who forgets the lock: it reads what there is, waits as for a database, and writes what it made of it. One
 * call at a time it keeps every rule. With `isLocked` the calls wait for each other.
 */
export function createBrokenLedger(start: LedgerState, { isLocked }: { readonly isLocked: boolean }): LedgerSubject {
  let stored = structuredClone(start);
  let turn: Promise<unknown> = Promise.resolve();

  async function change<T>(work: (state: LedgerState) => T): Promise<T> {
    const before = turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (isLocked) turn = promise;
    await (isLocked ? before : undefined);
    const read = structuredClone(stored);
    await Promise.resolve();
    const result = work(read);
    await Promise.resolve();
    stored = read;
    resolve();
    return result;
  }

  return {
    perform: (call) => change((state) => ask(state, call)),
    recharge: () => change(recharge),
    pass: (hours) =>
      change((state) => {
        state.hour += hours;
      }),
    sweep: () => change(settle),
    setLimit: (limit) =>
      change((state) => {
        state.limit = limit;
      }),
    books: async () => ({ balance: balanceOf(stored), held: heldOf(stored), debt: stored.debt }),
  };
}

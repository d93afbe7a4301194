import type { Told } from '../ledger-claims.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { Order } from './order.ts';

type OpenHold = { readonly workspaceId: string; readonly holdId: string; readonly amount: number };
type Reversible = { readonly workspaceId: string; readonly transactionId: string };

/** Makes up orders: debits for the most part, and what can follow on holds and debits that were answered, once for each. */
export function createOrderBook(random: SeededRandom, workspaceIds: readonly [string, ...string[]]) {
  const run = random.integer(0, 2 ** 30).toString(36);
  const openHolds: OpenHold[] = [];
  const reversible: Reversible[] = [];
  let made = 0;

  function next(): Order {
    made += 1;
    const about = (kind: Order['kind']) => ({ description: `${kind} ${made}`, key: `crash-${run}-${made}` });
    const [share, workspaceId, amount] = [random.next(), random.pick(workspaceIds), random.integer(1, 9)];
    const hold = share < 0.1 ? openHolds.shift() : undefined;
    if (hold && share < 0.07) {
      return { ...about('capture'), ...hold, kind: 'capture', amount: Math.min(amount, hold.amount) };
    }
    if (hold) return { ...about('release'), workspaceId: hold.workspaceId, holdId: hold.holdId, kind: 'release' };
    const debit = share >= 0.1 && share < 0.15 ? reversible.shift() : undefined;
    if (debit) return { ...about('reversal'), ...debit, kind: 'reversal' };
    const kind = share < 0.25 ? 'hold' : share < 0.35 ? 'credit' : 'debit';
    return { ...about(kind), workspaceId, kind, amount };
  }

  /** Hears what became of an order. */
  function take(order: Order, told: Told): void {
    const { workspaceId } = order;
    if (order.kind === 'hold' && told.outcome === 'held') {
      openHolds.push({ workspaceId, holdId: told.holdId, amount: order.amount });
    }
    if (order.kind === 'debit' && told.outcome === 'moved') {
      reversible.push({ workspaceId, transactionId: told.transactionId });
    }
  }

  return { next, take };
}

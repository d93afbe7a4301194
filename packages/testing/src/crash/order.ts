import type { Told } from '../ledger-claims.ts';

type Common = { readonly workspaceId: string; readonly description: string; readonly key: string };

/** Something asked of the ledger under a key. */
export type Order = Common &
  (
    | { readonly kind: 'debit' | 'credit' | 'hold'; readonly amount: number }
    | { readonly kind: 'capture'; readonly amount: number; readonly holdId: string }
    | { readonly kind: 'release'; readonly holdId: string }
    | { readonly kind: 'reversal'; readonly transactionId: string }
  );

/** What a caller is told for good, with the moment of its effect where the answer says it. */
export type Done = {
  readonly told: Extract<Told, { outcome: 'moved' | 'held' | 'released' }>;
  readonly at: Date | null;
};

/** The path below the workspace's billing, and the body, of the request for an order. */
export function requestOf(order: Order): { readonly path: string; readonly body: Readonly<Record<string, unknown>> } {
  const { description, key: idempotencyKey } = order;
  switch (order.kind) {
    case 'debit':
    case 'credit':
    case 'hold':
      return { path: `/${order.kind}s`, body: { amount: order.amount, description, idempotencyKey } };
    case 'capture': {
      const body = { amount: order.amount, final: true, description, idempotencyKey };
      return { path: `/holds/${order.holdId}/captures`, body };
    }
    case 'release':
      return { path: `/holds/${order.holdId}/release`, body: { idempotencyKey } };
    case 'reversal':
      return {
        path: `/transactions/${order.transactionId}/reversal`,
        body: { reason: description, idempotencyKey },
      };
  }
}

type Moved = { transaction: { id: string; amount: number; balanceAfter: number; createdAt: string } };
type Held = { id: string; createdAt: string };

/** Reads the data of a success. */
export function doneBy({ kind }: Order, data: unknown): Done {
  if (kind === 'hold' || kind === 'release') {
    const { id: holdId, createdAt } = data as Held; // the answer of these procedures
    return kind === 'hold'
      ? { told: { outcome: 'held', holdId }, at: new Date(createdAt) }
      : { told: { outcome: 'released', holdId }, at: null };
  }
  const { id: transactionId, amount, balanceAfter, createdAt } = (data as Moved).transaction; // as above
  return { told: { outcome: 'moved', transactionId, amount, balanceAfter }, at: new Date(createdAt) };
}

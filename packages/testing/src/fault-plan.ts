import { seededRandom } from './seeded-random.ts';

/** What can befall one transaction. A statement outside a transaction counts as a transaction of its own. */
export const FAULTS = [
  /** No connection can be had. */
  'refused',
  /** A statement is ended by PostgreSQL (40P01, 40001); nothing of the transaction took effect. */
  'deadlock',
  'serializationFailure',
  /** COMMIT is refused (40001); nothing took effect. */
  'serializationFailureAtCommit',
  /** The connection breaks at a statement; nothing took effect. */
  'lostInStatement',
  /** The connection breaks at COMMIT; nothing took effect, which the caller cannot know. */
  'lostBeforeCommit',
  /** The answer to COMMIT is lost; everything took effect, which the caller cannot know. */
  'lostAfterCommit',
] as const;
export type Fault = (typeof FAULTS)[number];

/**
 * How a lost connection shows itself to the driver: a backend that was terminated says so (57P01), a network resets, a crashed server
 * falls silent. `conflict` is a lie, a lost COMMIT that claims to be a serialization failure: what believes it repeats
 * a transaction that took effect. It is there to show that a test would notice.
 */
export type Loss = 'terminated' | 'reset' | 'closed' | 'conflict';

export type TransactionPlan = {
  readonly fault: Fault | null;
  /** The statement that a fault of statements befalls, counted from 0; one that is never reached is spared. */
  readonly statement: number;
  readonly loss: Loss;
  /** Waits before the statements, in order; those behind the last one are not slowed down. */
  readonly delaysMs: readonly number[];
};

/** What befalls the transaction with this number, counted from 0 in the order in which transactions begin. */
export type FaultPlan = (ordinal: number) => TransactionPlan;

export const UNHARMED: TransactionPlan = { fault: null, statement: 0, loss: 'terminated', delaysMs: [] };

type SeededPlanOptions = {
  /** Share of the transactions that are hit, from 0 to 1. */
  readonly rate: number;
  readonly faults?: readonly [Fault, ...Fault[]];
  readonly losses?: readonly [Loss, ...Loss[]];
};

const MAX_DELAY_MS = 4;

/** A plan that is a function of the seed alone. */
export function seededPlan(seed: number, options: SeededPlanOptions): FaultPlan {
  const { rate, faults = FAULTS, losses = ['terminated', 'reset', 'closed'] } = options;
  return (ordinal) => {
    const random = seededRandom(seed, ordinal);
    return {
      fault: random.next() < rate ? random.pick(faults) : null,
      statement: random.integer(0, 2),
      loss: random.pick(losses),
      delaysMs: Array.from({ length: 4 }, () => (random.next() < rate / 4 ? random.integer(0, MAX_DELAY_MS) : 0)),
    };
  };
}

import type { Prisma } from './generated-prisma/client.ts';

declare const inTransaction: unique symbol;

/** Anything that can query. `$transaction` is withheld: a nested one would roll back alone. */
export type Reader = Omit<Prisma.TransactionClient, '$transaction'>;

/** A handle that is certainly inside a transaction; a bare client is not assignable to it. */
export type Tx = Reader & { readonly [inTransaction]: true };

/**
 * Inside a transaction of few statements written by hand, each of which finds its rows by an index: it is planned once, and never scans a
 * table. JSON goes in and comes out, because it passes through untouched.
 */
export type PointTx = PointReader & {
  readonly [inTransaction]: true;
  execute(statement: Prisma.Sql): Promise<void>;
};

/** Statements of the same kind that read. */
export type PointReader = {
  /** What a statement makes in one row with one column `json`. */
  readJson<T>(statement: Prisma.Sql): Promise<T>;
};

export type TransactionOptions = {
  /** After so long it is rolled back, and its handle refuses; 10 s unless set. */
  readonly timeoutMs?: number;
};

/** Connections of one pool: `waiting` are those who want one. */
export type PoolUse = {
  readonly pool: 'transactions' | 'points';
  readonly total: number;
  readonly idle: number;
  readonly waiting: number;
};

/** The database of one process. */
export type Db = {
  /** Single statements, each in a transaction of its own. Never use it inside `transaction`: the pool would stall. */
  readonly read: Reader;
  /**
   * Runs `work` in one transaction and repeats the whole of it after a serialization failure or a deadlock, so `work` has no
   * effects outside the database. Throws `server.unavailable` when no connection is free in time or it is
   * lost on the way, and `CommitUnknown` when it is lost at COMMIT.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Single point statements: what every request has to read first, at a third of the cost. */
  readonly points: PointReader;
  /** `transaction` for point statements, at a third of the cost, on a few connections of its own. */
  pointTransaction<T>(work: (tx: PointTx) => Promise<T>): Promise<T>;
  /** Calls `listener` after each transaction that this process committed here; gives what ends that. Other processes are not heard. */
  onCommit(listener: () => void): () => void;
  /** Resolves when the database answers within `timeoutMs`, else throws. Uses a connection of its own. */
  ping(timeoutMs: number): Promise<void>;
  /** How the pools stand at this moment. */
  connections(): readonly PoolUse[];
  close(): Promise<void>;
};

import type { Prisma } from './generated-prisma/client.ts';

declare const inTransaction: unique symbol;

/** Anything that can query. `$transaction` is withheld: a nested one would roll back alone. */
export type Reader = Omit<Prisma.TransactionClient, '$transaction'>;

/** A handle that is certainly inside a transaction; a bare client is not assignable to it. */
export type Tx = Reader & { readonly [inTransaction]: true };

/** The database of one process. */
export type Db = {
  /** Single statements, each in a transaction of its own. Never use it inside `transaction`: the pool would stall. */
  readonly read: Reader;
  /**
   * Runs `work` in one transaction and repeats the whole of it after a serialization failure or a deadlock, so `work` has no
   * effects outside the database. Throws `server.unavailable` when no connection is free in time or it is
   * lost on the way, and `CommitUnknown` when it is lost at COMMIT.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Resolves when the database answers within `timeoutMs`, else throws. Uses a connection of its own. */
  ping(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
};

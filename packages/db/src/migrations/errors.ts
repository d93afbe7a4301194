export type MigrationProblem =
  /** Another process holds the migration lock for longer than we wait. */
  | 'locked'
  /** The database knows a migration that the migrations folder does not. */
  | 'missingOnDisk'
  /** A migration was changed after it was applied. */
  | 'edited'
  /** A migration began and did not finish, now or in an earlier run. */
  | 'failed'
  /** The database lacks migrations that the wanted operation builds on. */
  | 'pending'
  /** The files on disk are not a usable migrations folder or schema. */
  | 'invalidFiles'
  /** The engine refused for a reason of its own, which the message gives. */
  | 'engine';

/** A migration cannot go on; the message names the migrations and the way out. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly problem: MigrationProblem;
  readonly migrations: readonly string[];

  constructor(
    problem: MigrationProblem,
    message: string,
    details: { migrations?: readonly string[]; cause?: unknown } = {},
  ) {
    super(message, 'cause' in details ? { cause: details.cause } : {});
    this.problem = problem;
    this.migrations = details.migrations ?? [];
  }
}

/**
 * The connection was lost while the transaction committed: it took effect, or it did not. Only a row written in it can tell, so the
 * caller looks for its idempotency row, and repeats nothing that has none.
 */
export class CommitUnknown extends Error {
  constructor(cause: unknown) {
    super('The connection was lost at COMMIT; nobody knows whether the transaction took effect.', { cause });
    this.name = 'CommitUnknown';
  }
}

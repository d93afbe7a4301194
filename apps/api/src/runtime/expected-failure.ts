import { DataDirLockedError, EmbeddedPostgresError } from '@morket/db/embedded';
import { MigrationError } from '@morket/db/migrations';
import { KeyRingMismatch } from '@morket/domain/secrets';
import { PortTaken } from './listen.ts';
import { DatabaseOutOfReach } from './open-database.ts';

/** Failures that a person can mend: their message says how, a stack would only hide it. */
export const isExpectedFailure = (err: unknown): err is Error =>
  err instanceof DataDirLockedError ||
  err instanceof DatabaseOutOfReach ||
  err instanceof EmbeddedPostgresError ||
  err instanceof MigrationError ||
  err instanceof KeyRingMismatch ||
  err instanceof PortTaken;

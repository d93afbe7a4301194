import type { MigrationList } from '@prisma/schema-engine-wasm';
import { type EngineSession, NO_FILTERS, rethrow, withoutEngineStack } from './engine.ts';
import { MigrationError } from './errors.ts';

/** The names not yet applied, in order; throws MigrationError where database and folder contradict each other. */
export async function findPending(session: EngineSession, migrationsList: MigrationList): Promise<string[]> {
  const diagnosis = await session.engine
    .diagnoseMigrationHistory({ migrationsList, optInToShadowDatabase: false, filters: NO_FILTERS })
    .catch(rethrow);
  if (diagnosis.failedMigrationNames.length > 0) throw await unfinishedError(session, diagnosis.failedMigrationNames);
  if (diagnosis.editedMigrationNames.length > 0) throw editedError(diagnosis.editedMigrationNames);
  const { history } = diagnosis;
  if (history === null) return [];
  if (history.diagnostic !== 'databaseIsBehind') throw missingError(history.unpersistedMigrationNames);
  return history.unappliedMigrationNames;
}

/** How to go on after a migration that did not finish. */
export function resolution(name: string): string {
  return (
    'A migration runs as one transaction, so unless it contains a COMMIT nothing of it remains in the database. ' +
    'A development database is best made anew: npm run db:reset. To keep the data, correct the migration, then declare ' +
    'the attempt undone with the statement below (or `npx prisma migrate resolve --rolled-back`) and start again:\n' +
    `  UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = '${name}' AND finished_at IS NULL;`
  );
}

async function unfinishedError({ pool }: EngineSession, names: readonly string[]): Promise<MigrationError> {
  const [name = ''] = names;
  const { rows } = await pool.query<{ started: string; logs: string | null }>(
    `select to_char(started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as started, logs from _prisma_migrations
      where migration_name = $1 and finished_at is null and rolled_back_at is null`,
    [name],
  );
  const [attempt] = rows;
  const reason = attempt?.logs ? withoutEngineStack(attempt.logs) : 'it was interrupted';
  return new MigrationError(
    'failed',
    `The migration ${name} was begun at ${attempt?.started ?? 'an unknown time'} UTC and never finished (${reason}); ` +
      `nothing is applied after it. ${resolution(name)}`,
    { migrations: names },
  );
}

function editedError(names: readonly string[]): MigrationError {
  return new MigrationError(
    'edited',
    `Changed after being applied to this database: ${names.join(', ')}. Restore the original SQL and put the change into a ` +
      'new migration (npm run db:migration), or make a development database anew (npm run db:reset).',
    { migrations: names },
  );
}

function missingError(names: readonly string[]): MigrationError {
  return new MigrationError(
    'missingOnDisk',
    `This database has migrations that this version does not know: ${names.join(', ')}. Run the version that made them, or ` +
      'restore their folders below prisma/migrations; a development database can be made anew (npm run db:reset).',
    { migrations: names },
  );
}

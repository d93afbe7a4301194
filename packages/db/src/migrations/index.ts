export { createMigration, type DriftOptions, drift } from './drift.ts';
export { MigrationError, type MigrationProblem } from './errors.ts';
export { migrationsFingerprint } from './files.ts';
export { findPendingMigrations, type MigrateOptions, migrate } from './migrate.ts';

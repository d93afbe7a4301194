export { acquireDataDirLock, type DataDirLock } from './data-dir-lock.ts';
export { deleteDataDir } from './delete-data-dir.ts';
export { DataDirLockedError, EmbeddedPostgresError } from './errors.ts';
export { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './supervisor.ts';

export { createDb } from './client.ts';
export { CommitUnknown } from './commit-unknown.ts';
export { Prisma } from './generated-prisma/client.ts';
export { isOutOfService, isUniqueViolation, sqlStateOf } from './sql-state.ts';
export type { Db, Reader, Tx } from './tx.ts';

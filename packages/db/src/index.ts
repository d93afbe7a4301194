export { createDb } from './client.ts';
export { Prisma } from './generated-prisma/client.ts';
export { isNoConnection, isUniqueViolation, sqlStateOf } from './sql-state.ts';
export type { Db, Reader, Tx } from './tx.ts';

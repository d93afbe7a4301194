export { createDb } from './client.ts';
export { CommitUnknown } from './commit-unknown.ts';
export { Prisma } from './generated-prisma/client.ts';
export { asPointTx } from './point-transactions.ts';
export { isOutOfService, isUniqueViolation, sqlStateOf } from './sql-state.ts';
export type { Db, PointReader, PointTx, PoolUse, Reader, Tx } from './tx.ts';

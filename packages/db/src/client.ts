import { PrismaPg } from '@prisma/adapter-pg';
import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { createCommitSignal } from './commit-signal.ts';
import { PrismaClient } from './generated-prisma/client.ts';
import { createPointTransactions } from './point-transactions.ts';
import { createPool } from './pool.ts';
import { repeat, unavailableIfAway } from './repeat.ts';
import { createStatementNames } from './statement-names.ts';
import type { Db, PoolUse, Reader, TransactionOptions, Tx } from './tx.ts';

const MAX_WAIT_MS = 3_000;
const TRANSACTION_TIMEOUT_MS = 10_000;

type Options = {
  readonly url: string;
  /** Connections of this process; small, because more only queue inside PostgreSQL. */
  readonly poolSize?: number;
  readonly onPoolError?: (err: Error) => void;
  /** Stands between Prisma and the driver, where every statement passes; chaos tests inject faults here. `ping` goes around it. */
  readonly wrapAdapter?: (factory: SqlDriverAdapterFactory) => SqlDriverAdapterFactory;
};

async function guard<T>(statement: () => Promise<T>): Promise<T> {
  try {
    return await statement();
  } catch (err) {
    throw unavailableIfAway(err);
  }
}

/** Opens the pool of this process. Connections are made on demand; `ping` tells whether the server is there. */
export function createDb(options: Options): Db {
  const { url, poolSize = 10, wrapAdapter = (factory) => factory } = options;
  let isClosing = false;
  const onPoolError = (err: Error): void => {
    // pg hangs the whole client on it, statements and all.
    Reflect.deleteProperty(err, 'client');
    // A connection that is being closed may see the server stop first.
    if (!isClosing) options.onPoolError?.(err);
  };
  const pool = createPool({ url, size: poolSize });
  const adapter = new PrismaPg(pool, {
    ...{ onPoolError, onConnectionError: onPoolError, disposeExternalPool: true },
    statementNameGenerator: createStatementNames(),
  });
  const prisma = new PrismaClient({
    adapter: wrapAdapter(adapter),
    transactionOptions: { maxWait: MAX_WAIT_MS, timeout: TRANSACTION_TIMEOUT_MS },
  });
  // Interactive transactions are guarded as a whole, single statements one by one.
  const guarded = prisma.$extends({
    query: { $allOperations: ({ args, query }) => guard(() => query(args)) },
  });
  const driver = createPointTransactions({ url, onPoolError, wrapAdapter });
  // Readiness must not queue behind a pool that reports have filled.
  const health = new pg.Pool({ connectionString: url, max: 1, connectionTimeoutMillis: 1_000, allowExitOnIdle: true });
  health.on('error', onPoolError);

  const commits = createCommitSignal();

  function transaction<T>(work: (tx: Tx) => Promise<T>, { timeoutMs }: TransactionOptions = {}): Promise<T> {
    return commits.after(
      repeat((committing) =>
        prisma.$transaction(
          async (client) => {
            // The brand is granted here and nowhere else: this callback runs inside the transaction.
            const result = await work(client as Reader as Tx);
            committing();
            return result;
          },
          timeoutMs === undefined ? undefined : { timeout: timeoutMs },
        ),
      ),
    );
  }

  const pointTransaction: Db['pointTransaction'] = (work) => commits.after(driver.pointTransaction(work));

  async function ping(timeoutMs: number): Promise<void> {
    await health.query({ text: 'select 1', query_timeout: timeoutMs } as pg.QueryConfig); // pg's types lack query_timeout
  }

  async function close(): Promise<void> {
    isClosing = true;
    await Promise.all([prisma.$disconnect(), driver.close(), health.end()]);
  }

  const useOf = (name: PoolUse['pool'], { totalCount, idleCount, waitingCount }: pg.Pool): PoolUse => ({
    ...{ pool: name, total: totalCount, idle: idleCount, waiting: waitingCount },
  });
  const connections = () => [useOf('transactions', pool), useOf('points', driver.pool)];

  // The extended client has the same calls; its type costs four times as much to check wherever it goes.
  const { points } = driver;
  const read = guarded as unknown as Reader;
  return { read, transaction, points, pointTransaction, onCommit: commits.listen, ping, connections, close };
}

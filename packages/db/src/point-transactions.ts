import { PrismaPg } from '@prisma/adapter-pg';
import type {
  SqlDriverAdapter,
  SqlDriverAdapterFactory,
  SqlQuery,
  SqlQueryable,
  Transaction,
} from '@prisma/driver-adapter-utils';
import type { Prisma } from './generated-prisma/client.ts';
import { createPool } from './pool.ts';
import { repeat, unavailableIfAway } from './repeat.ts';
import { createStatementNames } from './statement-names.ts';
import type { PointReader, PointTx, Tx } from './tx.ts';

/**
 * Every statement here finds its rows by an index, whatever the statistics of a young table say: the planner is told so, and plans once.
 * A plan kept from when a table was empty would read all of it.
 */
const SETTINGS = [
  '-c plan_cache_mode=force_generic_plan',
  '-c enable_seqscan=off',
  '-c enable_hashjoin=off',
  '-c enable_mergejoin=off',
].join(' ');
const POOL_SIZE = 8;

const COMMIT: SqlQuery = { sql: 'COMMIT', args: [], argTypes: [] };
const ROLLBACK: SqlQuery = { sql: 'ROLLBACK', args: [], argTypes: [] };

/** Strings, numbers, and lists of them go as they are. */
const toQuery = ({ text, values }: Prisma.Sql): SqlQuery => ({
  sql: text,
  args: values,
  argTypes: values.map((value) => ({ scalarType: 'unknown', arity: Array.isArray(value) ? 'list' : 'scalar' })),
});

async function readJson<T>(driver: SqlQueryable, statement: Prisma.Sql): Promise<T> {
  const { rows } = await driver.queryRaw(toQuery(statement));
  // The statement says what it makes; the driver leaves JSON as the text it is.
  return JSON.parse(String(rows[0]?.[0] ?? null)) as T;
}

const onDriver = (transaction: Transaction) => ({
  readJson: <T>(statement: Prisma.Sql): Promise<T> => readJson(transaction, statement),
  async execute(statement: Prisma.Sql): Promise<void> {
    await transaction.executeRaw(toQuery(statement));
  },
});

/** The same two verbs inside a transaction of Prisma's. */
export const asPointTx = (tx: Tx): PointTx => {
  const verbs = {
    async readJson<T>(statement: Prisma.Sql): Promise<T> {
      const [row] = await tx.$queryRaw<{ readonly json: T }[]>(statement);
      if (!row) throw new Error('A statement that makes JSON makes one row.');
      return row.json;
    },
    async execute(statement: Prisma.Sql): Promise<void> {
      await tx.$executeRaw(statement);
    },
  };
  return verbs as PointTx; // tx is the proof that there is a transaction
};

/** Transactions on the driver's own path, past Prisma's engine: a third of the cost where statements are few and by hand. */
export function createPointTransactions(options: {
  readonly url: string;
  readonly onPoolError: (err: Error) => void;
  readonly wrapAdapter: (factory: SqlDriverAdapterFactory) => SqlDriverAdapterFactory;
}) {
  const { url, onPoolError, wrapAdapter } = options;
  const pool = createPool({ url, size: POOL_SIZE, settings: SETTINGS });
  const factory = new PrismaPg(pool, {
    ...{ onPoolError, onConnectionError: onPoolError, disposeExternalPool: true },
    statementNameGenerator: createStatementNames(),
  });
  let connected: Promise<SqlDriverAdapter> | null = null;
  function adapter(): Promise<SqlDriverAdapter> {
    connected ??= wrapAdapter(factory).connect();
    return connected;
  }

  const points: PointReader = {
    readJson: async (statement) => {
      try {
        return await readJson(await adapter(), statement);
      } catch (err) {
        throw unavailableIfAway(err);
      }
    },
  };

  function pointTransaction<T>(work: (tx: PointTx) => Promise<T>): Promise<T> {
    return repeat(async (committing) => {
      const transaction = await (await adapter()).startTransaction();
      try {
        // The brand is granted here and in asPointTx: both are inside a transaction.
        const result = await work(onDriver(transaction) as PointTx);
        committing();
        await transaction.executeRaw(COMMIT);
        await transaction.commit();
        return result;
      } catch (err) {
        // On a broken connection there is nothing left to roll back.
        await transaction.executeRaw(ROLLBACK).catch(() => undefined);
        await transaction.rollback();
        throw err;
      }
    });
  }

  async function close(): Promise<void> {
    if (connected) await (await connected).dispose();
    else await pool.end();
  }

  return { points, pointTransaction, pool, close };
}

import { PrismaPg } from '@prisma/adapter-pg';
import {
  ColumnTypeEnum,
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import pg from 'pg';

/** OIDs of PostgreSQL's catalogue: the one-byte system type `"char"`, and `character`, which the adapter does know. */
const CHAR_OID = 18;
const BPCHAR_OID = 1042;

/**
 * The driver adapter as the schema engine needs it. @prisma/adapter-pg 7.10.0 alone fails twice: it cuts scripts at
 * every `;`, function bodies included, and it refuses results with a column of type `"char"`, which introspection reads.
 * `onScriptError` sees what the server said about a failed script, with the position that the adapter's errors lack.
 */
export function createMigrationAdapter(
  pool: pg.Pool,
  onScriptError: (error: pg.DatabaseError, script: string) => void,
): SqlMigrationAwareDriverAdapterFactory {
  const charColumns = disguiseCharColumns(pool);
  const factory = new PrismaPg(pool);

  async function connect(): Promise<SqlDriverAdapter> {
    const adapter = await factory.connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (query) => {
      const result = await queryRaw(query);
      for (const column of charColumns.get(result.rows) ?? []) result.columnTypes[column] = ColumnTypeEnum.Character;
      return result;
    };
    // Without values the server gets the whole text as one simple query, which it also runs as one transaction.
    adapter.executeScript = async (script) => {
      await pool.query(script).catch((error: unknown) => {
        if (!(error instanceof pg.DatabaseError)) throw error;
        onScriptError(error, script);
        throw toAdapterError(error);
      });
    };
    return adapter;
  }

  return {
    provider: 'postgres',
    adapterName: factory.adapterName,
    connect,
    connectToShadowDb: () => Promise.reject(new Error('Migrations here are made without a shadow database.')),
  };
}

/** Gives `"char"` columns the OID of `character` before the adapter looks, and returns which they were, by result rows. */
function disguiseCharColumns(pool: pg.Pool): WeakMap<object, number[]> {
  const charColumns = new WeakMap<object, number[]>();
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<pg.QueryResult>; // one of its many overloads
  const disguised = async (...args: unknown[]) => {
    const result = await query(...args);
    // A script of several statements answers with an array of results, which nobody reads.
    const fields = Array.isArray(result) ? [] : result.fields;
    const columns = fields.flatMap((field, index) => (field.dataTypeID === CHAR_OID ? [index] : []));
    for (const column of columns) Object.assign(fields[column] ?? {}, { dataTypeID: BPCHAR_OID });
    if (columns.length > 0) charColumns.set(result.rows, columns);
    return result;
  };
  pool.query = disguised as typeof pool.query; // the adapter uses the promise form alone
  return charColumns;
}

function toAdapterError(error: pg.DatabaseError): DriverAdapterError {
  return new DriverAdapterError({
    kind: 'postgres',
    code: error.code ?? 'N/A',
    severity: error.severity ?? 'N/A',
    message: error.message,
    detail: error.detail,
    column: error.column,
    hint: error.hint,
  });
}
